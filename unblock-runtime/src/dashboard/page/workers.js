// The workers of a pool, each a cell. A cell says its state by a letter, a pattern and a color.

import { element, resize, setAttribute, setText } from "./element.js";
import { count, time } from "./format.js";

const STATES = {
  running: { letter: "R", legend: "running", sentence: "runs" },
  asleep: { letter: "S", legend: "asleep in a job", sentence: "is asleep in" },
  abandoned: { letter: "A", legend: "running for nobody", sentence: "runs, for nobody any more," },
  idle: { letter: "–", legend: "idle", sentence: "is idle" },
};

/// `onJob` gets the name of a function whose cell was pressed.
export function workers(onJob) {
  const busy = element("b");
  const total = element("span", { class: "soft" });
  const cells = element("div", { class: "cells", role: "group", "aria-label": "Workers" });
  const about = element("p", { class: "about soft" });
  const counts = {};
  const legend = element("ul", { class: "legend" });
  for (const [state, { letter, legend: text }] of Object.entries(STATES)) {
    counts[state] = element("b");
    const mark = element(
      "i",
      { class: "cell", "data-state": state, "aria-hidden": "true" },
      letter,
    );
    legend.append(element("li", {}, mark, counts[state], text));
  }
  let shown = [];
  let current = null;

  const cell = () => element("button", { class: "cell", type: "button", tabindex: "-1" });
  const of = target => [...cells.children].indexOf(target);
  const look = index => {
    current = index;
    describe();
  };
  // One stop of the Tab key for all cells; the arrow keys go from one to another.
  cells.addEventListener("keydown", event => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const next = step && cells.children[of(document.activeElement) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  cells.addEventListener("focusin", event => {
    for (const other of cells.children) setAttribute(other, "tabindex", "-1");
    setAttribute(event.target, "tabindex", "0");
    look(of(event.target));
  });
  cells.addEventListener("pointerover", event => of(event.target) >= 0 && look(of(event.target)));
  cells.addEventListener("pointerleave", () => look(focused()));
  cells.addEventListener("focusout", () => look(null));
  cells.addEventListener("click", event => {
    const job = shown[of(event.target)]?.job;
    if (job) onJob(job[0]);
  });
  const focused = () => {
    const index = of(document.activeElement);
    return index < 0 ? null : index;
  };

  function describe() {
    const worker = shown[current];
    const hint =
      shown.length > 0
        ? "Point at a worker to see what it runs."
        : "There is no thread at the moment. The next job starts one.";
    setText(about, worker ? sentence(worker) : hint);
  }

  return {
    element: element(
      "section",
      { class: "stage wide", "aria-label": "Workers" },
      element("h3", {}, "Workers"),
      element("p", { class: "big" }, busy, " busy ", total),
      cells,
      about,
      legend,
    ),
    show({ pool }) {
      shown = pool.workers;
      setText(busy, count(pool.threads - pool.idle));
      const left = pool.threads - shown.length;
      setText(
        total,
        `of ${count(pool.threads)} threads, at most ${count(pool.max_threads)}; ` +
          `${count(pool.parallelism)} may compute at a time${
            left > 0 ? `; ${count(left)} have no cell here` : ""
          }`,
      );
      const tally = { running: 0, asleep: 0, abandoned: 0, idle: 0 };
      const buttons = resize(cells, shown.length, cell);
      shown.forEach((worker, index) => {
        tally[worker.state] += 1;
        setText(buttons[index], STATES[worker.state].letter);
        setAttribute(buttons[index], "data-state", worker.state);
        setAttribute(buttons[index], "aria-label", sentence(worker));
      });
      if (!cells.querySelector("[tabindex='0']")) buttons[0]?.setAttribute("tabindex", "0");
      for (const [state, number] of Object.entries(counts)) setText(number, count(tally[state]));
      describe();
    },
  };
}

function sentence({ number, state, job }) {
  const what = job ? ` ${job[0]} for ${time(job[1])}` : state === "idle" ? "" : " a job";
  return `Worker ${number} ${STATES[state].sentence}${what}.`;
}
