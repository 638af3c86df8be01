// How times are distributed: a row for each range, with its bar and its number.

import { element, resize, setText } from "./element.js";
import { count, short, time } from "./format.js";

export function histogram(title) {
  const list = element("ol", { class: "histogram" });
  const none = element("p", { class: "soft" }, "None in this window.");
  return {
    element: element("section", { "aria-label": title }, element("h4", {}, title), list, none),
    /// `ranges` are pairs of an upper bound in microseconds and a number.
    show(ranges) {
      const rows = grouped(ranges);
      const most = Math.max(1, ...rows.map(row => row.number));
      none.hidden = rows.length > 0;
      resize(list, rows.length, () =>
        element(
          "li",
          {},
          element("span"),
          element("span", { class: "bar", "aria-hidden": "true" }, element("i")),
          element("b"),
        ),
      ).forEach((item, index) => {
        const { bound, number } = rows[index];
        setText(item.children[0], `to ${short(time, bound)}`);
        // What there is little of is to be seen, too.
        item.children[1].firstChild.style.width =
          number > 0 ? `max(1px, ${(100 * number) / most}%)` : "0";
        setText(item.children[2], count(number));
      });
    },
  };
}

/// Puts the ranges together to steps of 1, 2, 5 and 10, from the first that has any to the last.
function grouped(ranges) {
  if (ranges.length === 0) return [];
  const rows = [];
  let bound = step(ranges[0][0]);
  for (const [upper, number] of ranges) {
    while (rows.length === 0 || upper > rows[rows.length - 1].bound) {
      rows.push({ bound, number: 0 });
      bound = step(bound + 1);
    }
    rows[rows.length - 1].number += number;
  }
  return rows;
}

/// The smallest step that is not below `micros`.
function step(micros) {
  const power = 10 ** Math.floor(Math.log10(Math.max(micros, 1)));
  return power * [1, 2, 5, 10].find(times => times * power >= micros);
}
