// Buttons that fire requests at the server, and the latency of a light request beside them.

import { element, setText } from "/unblock/element.js";
import { count, counted, time } from "/unblock/format.js";
import { latency } from "./latency.js";

/// What the buttons fire. The server knows how long each request sleeps or computes.
const WORK = [
  ["sleep", "Sleep 1 s", "each sleeps for one second"],
  ["compute", "Compute 0.1 s", "each computes for a tenth of a second"],
  [
    "hammer",
    "Hammer for 5 s",
    "as many again ten times a second, for five seconds, each computes for 5 ms",
  ],
];

export function experiment(mode, loops) {
  const place =
    mode === "unblock"
      ? [
          ["pool", "with #[unblock]"],
          ["loop", "on the event loop"],
        ]
      : [["loop", "on the event loop"]];
  const light = latency("/");
  const number = element("input", {
    type: "number",
    min: "1",
    max: "64",
    value: Math.min(64, 4 * loops),
  });
  const switches = element(
    "fieldset",
    { class: "switch" },
    element("legend", { class: "hidden" }, "Where the handlers run"),
    ...place.map(([value, text], index) =>
      element(
        "label",
        {},
        element("input", { type: "radio", name: "place", value, checked: index === 0 ? "" : null }),
        element("span", {}, text),
      ),
    ),
  );
  const buttons = WORK.map(([work, text, about]) =>
    element(
      "button",
      { type: "button", class: "fire", "data-work": work, title: about, onclick: () => fire(work) },
      text,
    ),
  );
  const result = element(
    "p",
    { class: "result", role: "status" },
    mode === "unblock"
      ? "Fire some with #[unblock], then on the event loop, and watch the curve."
      : `In the mode ${mode} all handlers run on the event loop: watch the curve.`,
  );

  async function fire(work) {
    const on = switches.querySelector(":checked").value;
    const query = new URLSearchParams({ work, on, requests: number.value });
    buttons.forEach(button => {
      button.disabled = true;
    });
    light.mark(`${work} ${on === "loop" ? "on the loop" : "with #[unblock]"}`);
    setText(result, "Fired. The answers are counted when the last one is there.");
    try {
      const response = await fetch(`/experiment?${query}`, { method: "POST" });
      setText(result, response.ok ? told(await response.json()) : (await response.text()).trim());
    } catch {
      setText(result, "The server did not answer.");
    }
    buttons.forEach(button => {
      button.disabled = false;
    });
  }

  return element(
    "section",
    { class: "experiment", "aria-label": "Experiment" },
    element("div", { class: "heading" }, element("h2", {}, "Experiment"), switches),
    element(
      "div",
      { class: "controls" },
      element("label", {}, "Requests ", number),
      ...buttons,
      result,
    ),
    light.element,
  );
}

function told({ statuses, unsent, slowest }) {
  const parts = statuses.map(([status, number]) =>
    status === 0 ? `${count(number)} without an answer` : `${count(number)} × ${status}`,
  );
  if (unsent > 0) parts.push(`${counted(unsent, "request")} not sent, as too many were open`);
  return `Answered: ${parts.join(", ")}; the slowest after ${time(slowest)}.`;
}
