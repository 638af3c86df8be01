// What stands out, in sentences: what somebody who was woken up reads first.

import { element, resize, setAttribute, setText } from "./element.js";
import { count, counted, rate, time } from "./format.js";

/// The lag from which on a loop is late, in microseconds.
const LATE = 100_000;

/// The wait from which on a queue is slow, in microseconds.
const SLOW = 1_000_000;

/// The worst first.
const KINDS = ["bad", "note", "well"];

/// How many seconds count as "now".
const RECENT = 10;

export function verdict() {
  const list = element("ul", { class: "verdict", "aria-label": "What stands out" });
  return {
    element: list,
    show({ now, points }) {
      const found = [
        ...ofLoops(now.loops),
        ...now.pools.flatMap(pool => [...ofPool(pool, now, points)]),
      ];
      found.sort(([one], [other]) => KINDS.indexOf(one) - KINDS.indexOf(other));
      if (found.length === 0) found.push(["well", calm(now)]);
      const items = resize(list, found.length, () =>
        element("li", {}, element("b"), element("span")),
      );
      found.forEach(([kind, sentence], index) => {
        setAttribute(items[index], "data-kind", kind);
        setText(items[index].firstChild, { bad: "Problem", note: "Note", well: "All well" }[kind]);
        setText(items[index].lastChild, sentence);
      });
    },
  };
}

function calm({ loops, pools }) {
  if (pools.length === 0) return "No function has been handed to a pool yet.";
  return loops.length > 0
    ? "No event loop is late, and no job waits for long."
    : "No job waits for long.";
}

function* ofLoops(loops) {
  for (const { number, thread, lag, held_by } of loops) {
    const which = number === null ? `Thread ${thread}` : `Event loop ${number}`;
    if (held_by) {
      yield [
        "bad",
        `${which} has been held by ${held_by.name} for ${time(held_by.time)}` +
          `${held_by.doing ? `, ${held_by.doing}` : ""}: whoever it serves besides waits.`,
      ];
    } else if (lag >= LATE) {
      yield ["bad", `${which} is ${time(lag)} late.`];
    }
  }
}

function* ofPool(pool, { pools }, points) {
  const of = pools.length > 1 ? ` of pool “${pool.name}”` : "";
  const recent = points.slice(-RECENT);
  const seconds = recent.reduce((sum, point) => sum + point.length, 0) / 1e6;
  const ended = name =>
    recent.reduce(
      (sum, point) =>
        sum + (point.pools.find(other => other.name === pool.name)?.outcomes[name] ?? 0),
      0,
    );
  const [refused, late, panicked] = ["rejected", "timed_out", "panicked"].map(ended);

  if (panicked > 0)
    yield ["bad", `${counted(panicked, "job")}${of} panicked in the last ${RECENT} s.`];
  if (late > 0)
    yield ["bad", `${counted(late, "job")}${of} ran out of time in the last ${RECENT} s.`];
  if (refused > 0) {
    yield [
      "bad",
      `Calls${of} are refused, ${rate(refused / seconds)} a second: more comes than the ` +
        "pool gets done.",
    ];
  }
  if (pool.waiting > 0) {
    yield [
      "bad",
      `The queue${of} is full, and ${counted(pool.waiting, "call")} more ` +
        `${pool.waiting === 1 ? "waits" : "wait"} for room in it.`,
    ];
  } else if (pool.predicted_wait >= SLOW && pool.queued > 0) {
    yield ["note", `A new job${of} waits about ${time(pool.predicted_wait)} for a worker.`];
  }
  if (pool.abandoned > 0) {
    yield [
      "note",
      `${counted(pool.abandoned, "job")}${of} still ${pool.abandoned === 1 ? "runs" : "run"} ` +
        "though nobody waits for the outcome any more.",
    ];
  }
  if (pool.idle === 0 && pool.threads >= pool.max_threads) {
    yield ["note", `All ${count(pool.max_threads)} threads${of} are taken.`];
  }
}
