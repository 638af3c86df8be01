// The event loops, each with its lag, and who has held them.

import { element, resize, setAttribute, setText } from "./element.js";
import { count, time } from "./format.js";

/// The lag at which the bar is full, in microseconds. The scale is logarithmic from 1 ms on.
const FULL = 10_000_000;

/// The most routes that are listed.
const ROUTES = 5;

export function loops() {
  const list = element("ul", { class: "loops" });
  const none = element("p", { class: "soft" }, "No event loop is watched in this process.");
  const routes = element("ul", { class: "routes" });
  const title = element("h4", {}, "Held a loop for too long");
  return {
    element: element(
      "section",
      { class: "stage", "aria-label": "Event loops" },
      element("h3", {}, "Event loops"),
      list,
      none,
      title,
      routes,
    ),
    show({ now }) {
      none.hidden = now.loops.length > 0;
      resize(list, now.loops.length, row).forEach((item, index) => fill(item, now.loops[index]));
      const shown = now.routes.slice(0, ROUTES);
      title.hidden = shown.length === 0;
      resize(routes, shown.length, () => element("li")).forEach((item, index) => {
        const { name, count: times, longest } = shown[index];
        setText(item, `${name}: ${count(times)} ×, at most ${time(longest)}`);
      });
    },
  };
}

function row() {
  return element(
    "li",
    {},
    element("span", { class: "name" }),
    element("span", { class: "state" }),
    element("span", { class: "bar", "aria-hidden": "true" }, element("i")),
    element("small"),
  );
}

function fill(item, { number, thread, lag, longest_lag, held_by }) {
  const [name, state, bar, more] = item.children;
  const late = Math.max(lag ?? 0, held_by?.time ?? 0);
  setText(name, number === null ? thread : `loop ${number}`);
  setAttribute(name, "title", thread);
  const free = lag === null ? "free" : `${time(lag)} late`;
  setText(state, held_by ? `held for ${time(held_by.time)}` : free);
  setAttribute(item, "data-state", held_by ? "held" : "free");
  const width = Math.log10(Math.max(late, 1000) / 1000) / Math.log10(FULL / 1000);
  bar.firstChild.style.width = `${Math.min(1, width) * 100}%`;
  const before = longest_lag === null ? "" : `at most ${time(longest_lag)} late just before`;
  setText(more, held_by ? `by ${held_by.name}` : before);
}
