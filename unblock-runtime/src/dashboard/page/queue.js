// The queue of a pool, and who waits for room in it.

import { element, setAttribute, setText } from "./element.js";
import { count, time } from "./format.js";

export function queue() {
  const number = element("b");
  const bar = element("div", { class: "meter", role: "img" }, element("i"), element("i"));
  const room = element("dd");
  const waiting = element("dd");
  const wait = element("dd");
  return {
    element: element(
      "section",
      { class: "stage", "aria-label": "Queue" },
      element("h3", {}, "Queue"),
      element("p", { class: "big" }, number, " waiting"),
      bar,
      element(
        "dl",
        {},
        element("dt", {}, "room for"),
        room,
        element("dt", {}, "outside, for lack of room"),
        waiting,
        element("dt", {}, "a new job waits about"),
        wait,
      ),
    ),
    show({ pool }) {
      const inside = pool.queued - pool.waiting;
      setText(number, count(pool.queued));
      setText(room, `${count(inside)} of ${count(pool.queue_capacity)}`);
      setText(waiting, count(pool.waiting));
      setText(wait, time(pool.predicted_wait));
      const all = Math.max(pool.queue_capacity, pool.queued, 1);
      bar.children[0].style.width = `${(100 * inside) / all}%`;
      bar.children[1].style.width = `${(100 * pool.waiting) / all}%`;
      setAttribute(
        bar,
        "aria-label",
        `${count(inside)} jobs in a queue for ` +
          `${count(pool.queue_capacity)}, ${count(pool.waiting)} more wait for room`,
      );
    },
  };
}
