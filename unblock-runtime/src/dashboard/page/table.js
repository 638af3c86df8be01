// The functions of all pools: how often they are called, how long they wait and run.

import { element, resize, setAttribute, setPath, setText } from "./element.js";
import { count, rate, time } from "./format.js";
import { OUTCOMES } from "./outcomes.js";

export const WINDOWS = ["10 s", "1 min", "since start"];

const inFlight = row => row.queued + row.running + row.abandoned;

/// Title, group, value, and how it is written. The first is that by which rows are sorted at first.
const COLUMNS = [
  { title: "in flight", group: "now", value: inFlight, text: count },
  { title: "calls/s", group: "now", value: (_, window) => window.rate, text: rate },
  ...OUTCOMES.map(([name, title]) => ({
    title,
    group: "ended",
    value: (_, window) => window.outcomes[name],
    text: count,
    isBad: name !== "completed" && name !== "cancelled",
  })),
  ...["p50", "p99", "max"].map(name => ({
    title: name,
    group: "wait",
    value: (_, window) => window.wait[name],
    text: time,
  })),
  ...["p50", "p90", "p99", "max"].map(name => ({
    title: name,
    group: "run",
    value: (_, window) => window.run[name],
    text: time,
  })),
];

const GROUPS = { now: "now", ended: "how it ended", wait: "waited", run: "ran" };

/// `onFunction` gets a row of which somebody wants to know more, and `onWindow` the number of the
/// window.
export function table(onFunction, onWindow) {
  let rows = [];
  let shown = [];
  let window = 1;
  let sorted = { column: 0, isDown: true };

  const name = sorter("function", -1);
  const buttons = COLUMNS.map((column, index) => sorter(column.title, index));
  const heads = [name, ...buttons].map((button, index) =>
    element(
      "th",
      { scope: "col", class: index > 0 && isFirst(index - 1) ? "first" : null },
      button,
    ),
  );
  const groups = Object.entries(GROUPS).map(([group, title]) =>
    element(
      "th",
      {
        scope: "colgroup",
        class: "first",
        colspan: COLUMNS.filter(column => column.group === group).length,
      },
      title,
    ),
  );
  const body = element("tbody");
  const scroll = element(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": "Functions" },
    element(
      "table",
      { class: "functions" },
      element(
        "thead",
        {},
        element("tr", {}, element("td"), ...groups),
        element("tr", {}, ...heads),
      ),
      body,
    ),
  );
  const none = element("p", { class: "soft" }, "No function has been called yet.");
  const left = element("p", { class: "soft" });
  const switches = element(
    "fieldset",
    { class: "switch" },
    element("legend", { class: "hidden" }, "Window"),
    ...WINDOWS.map((text, index) =>
      element(
        "label",
        {},
        element("input", {
          type: "radio",
          name: "unblock-window",
          value: index,
          checked: index === window ? "" : null,
          onchange: () => {
            window = index;
            onWindow(index);
            arrange();
          },
        }),
        element("span", {}, text),
      ),
    ),
  );

  function sorter(title, column) {
    return element(
      "button",
      {
        type: "button",
        onclick: () => {
          const isDown = sorted.column === column ? !sorted.isDown : column >= 0;
          sorted = { column, isDown };
          arrange();
        },
      },
      title,
    );
  }

  /// Sorts the rows and draws them.
  function arrange() {
    const { column, isDown } = sorted;
    const value =
      column < 0 ? row => row.name : row => COLUMNS[column].value(row, row.windows[window]) ?? -1;
    const order = (one, other) => (one < other ? -1 : one > other ? 1 : 0);
    shown = rows
      .slice()
      .sort(
        (one, other) =>
          (isDown ? -1 : 1) * order(value(one), value(other)) || order(one.name, other.name),
      );
    heads.forEach((head, index) =>
      setAttribute(
        head,
        "aria-sort",
        index - 1 !== column ? null : isDown ? "descending" : "ascending",
      ),
    );
    draw();
  }

  function draw() {
    const several = new Set(rows.map(row => row.pool)).size > 1;
    resize(body, shown.length, created).forEach((item, index) => {
      const row = shown[index];
      const [title, ...cells] = item.children;
      setPath(title.firstChild, row.name);
      setText(title.lastChild, several ? `pool ${row.pool}` : "");
      COLUMNS.forEach((column, number) => {
        const value = column.value(row, row.windows[window]);
        setText(cells[number], column.text(value));
        setAttribute(cells[number], "data-kind", !value ? "none" : column.isBad ? "bad" : null);
      });
    });
  }

  function created() {
    const row = element(
      "tr",
      {},
      element("th", { scope: "row" }, element("button", { type: "button" }), element("small")),
      ...COLUMNS.map((_, index) => element("td", { class: isFirst(index) ? "first" : null })),
    );
    row.addEventListener("click", () => onFunction(shown[[...body.children].indexOf(row)]));
    return row;
  }

  return {
    element: element(
      "section",
      { "aria-label": "Functions" },
      element("div", { class: "heading" }, element("h2", {}, "Functions"), switches),
      none,
      scroll,
      left,
    ),
    show({ table: { rows: next, left_out } }) {
      rows = next;
      none.hidden = rows.length > 0;
      scroll.hidden = rows.length === 0;
      setText(
        left,
        left_out > 0
          ? `${count(left_out)} more functions, which are called less, are left out.`
          : "",
      );
      // Rows do not move while somebody points at them.
      const known = new Map(rows.map(row => [`${row.pool}\n${row.name}`, row]));
      const isHeld =
        scroll.matches(":hover, :focus-within") &&
        shown.length === rows.length &&
        shown.every(row => known.has(`${row.pool}\n${row.name}`));
      if (!isHeld) return arrange();
      shown = shown.map(row => known.get(`${row.pool}\n${row.name}`));
      draw();
    },
  };
}

function isFirst(index) {
  return index === 0 || COLUMNS[index].group !== COLUMNS[index - 1].group;
}
