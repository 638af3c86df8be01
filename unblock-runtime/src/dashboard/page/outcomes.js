// How the jobs of a pool ended: in the last seconds, and since the start.

import { element, setAttribute, setText } from "./element.js";
import { count, rate } from "./format.js";

/// The names of outcomes in what the server sends, and as people read them.
export const OUTCOMES = [
  ["completed", "completed"],
  ["panicked", "panicked"],
  ["failed", "failed"],
  ["timed_out", "out of time"],
  ["rejected", "refused"],
  ["cancelled", "cancelled"],
];

/// The number of seconds over which a rate is.
const RECENT = 10;

export function outcomes() {
  const rows = OUTCOMES.map(([, text]) =>
    element("tr", {}, element("th", { scope: "row" }, text), element("td"), element("td")),
  );
  const head = element(
    "tr",
    {},
    element("th", { scope: "col" }, element("span", { class: "hidden" }, "outcome")),
    element("th", { scope: "col" }, "a second"),
    element("th", { scope: "col" }, "in all"),
  );
  return {
    element: element(
      "section",
      { class: "stage", "aria-label": "Outcomes" },
      element("h3", {}, "Outcomes"),
      element(
        "table",
        { class: "outcomes" },
        element("thead", {}, head),
        element("tbody", {}, ...rows),
      ),
    ),
    show({ pool, points }) {
      const recent = points.slice(-RECENT);
      const seconds = recent.reduce((sum, point) => sum + point.length, 0) / 1e6;
      OUTCOMES.forEach(([name], index) => {
        const ended = recent.reduce(
          (sum, point) =>
            sum + (point.pools.find(other => other.name === pool.name)?.outcomes[name] ?? 0),
          0,
        );
        const [, now, total] = rows[index].children;
        setText(now, seconds > 0 ? rate(ended / seconds) : "–");
        setText(total, count(pool.outcomes[name]));
        setAttribute(rows[index], "data-kind", name === "completed" || ended === 0 ? null : "bad");
      });
    },
  };
}
