// The page: what came last, and the parts that show it.

import { curves } from "./curves.js";
import { details } from "./details.js";
import { element, resize, setAttribute, setText } from "./element.js";
import { time } from "./format.js";
import { loops } from "./loops.js";
import { outcomes } from "./outcomes.js";
import { queue } from "./queue.js";
import { stream } from "./stream.js";
import { table } from "./table.js";
import { verdict } from "./verdict.js";
import { workers } from "./workers.js";

/// The points that are kept: two minutes.
const POINTS = 120;

/// Draws the page into `root`, from the service that is mounted at `base`. `more` is an element of
/// your own, which comes right below the head.
export function dashboard(root, base = ".", more = "") {
  const state = {
    now: null,
    points: [],
    table: { rows: [], left_out: 0 },
    pool: null,
    isNewSecond: false,
  };
  let chosen = null;

  const process = element("span", { class: "soft" });
  const connection = element("p", { class: "connection", role: "status" }, "connecting");
  const select = element("select", {
    onchange: () => {
      chosen = select.value;
      show();
    },
  });
  const choice = element("label", { class: "choice", hidden: "" }, "Pool ", select);
  const findings = verdict();
  const detail = details(base);
  const functions = table(row => detail.open(row.pool, row.name), detail.setWindow);
  const ofPool = [queue(), workers(name => detail.open(state.pool.name, name)), outcomes()];
  const path = [loops(), ...ofPool];
  const stages = path.flatMap((stage, index) =>
    index === 0
      ? [stage.element]
      : [element("span", { class: "arrow", "aria-hidden": "true" }), stage.element],
  );
  const line = element("div", { class: "path" }, ...stages);
  const lines = curves();

  root.classList.add("unblock");
  root.append(
    element("header", {}, element("h1", {}, "unblock"), process, connection),
    more,
    findings.element,
    element(
      "section",
      { "aria-label": "The path of a job" },
      element("div", { class: "heading" }, element("h2", {}, "The path of a job, now"), choice),
      line,
    ),
    lines.element,
    element("div", { class: "rows" }, functions.element, detail.element),
  );

  stream(`${base}/events`, receive, (kind, silence) => {
    setAttribute(root, "data-connection", kind);
    setText(
      connection,
      {
        live: "live",
        silent: `no news for ${time(Math.round(silence) * 1000)}`,
        lost: `connection lost, trying again: no news for ${time(Math.round(silence) * 1000)}`,
      }[kind],
    );
  });

  function receive({ now, points, table: rows }) {
    if (state.now && state.now.process !== now.process) state.points = [];
    state.now = now;
    state.isNewSecond = Boolean(points);
    if (points) state.points = [...state.points, ...points].slice(-POINTS);
    if (rows) state.table = rows;
    show();
  }

  function show() {
    const { now } = state;
    state.pool = now.pools.find(pool => pool.name === chosen) ?? now.pools[0] ?? null;
    setText(process, `process ${now.process}`);
    choice.hidden = now.pools.length < 2;
    resize(select, now.pools.length, () => element("option")).forEach((option, index) =>
      setText(option, now.pools[index].name),
    );
    if (state.pool) select.value = state.pool.name;
    findings.show(state);
    path[0].show(state);
    // Without a pool there is nothing to show but the loops.
    setAttribute(line, "data-pool", state.pool ? null : "none");
    if (state.pool) ofPool.forEach(stage => stage.show(state));
    if (state.isNewSecond) {
      lines.show(state);
      functions.show(state);
    }
    detail.show(state);
    state.isNewSecond = false;
  }
}
