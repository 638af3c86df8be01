// The curves of the last two minutes, drawn by uPlot.

import { element, setAttribute, setText } from "./element.js";
import { clock, count, rate, short, time } from "./format.js";

/// The seconds that the curves show.
const SECONDS = 120;

const HEIGHT = 132;

const CURVES = [
  { title: "Lag of the slowest loop", unit: time, series: ["lag"], of: point => [point.lag] },
  { title: "Wait in the queue, p99", unit: time, series: ["wait"], of: (_, pool) => [pool?.wait] },
  { title: "Jobs that wait", unit: count, series: ["waiting"], of: (_, pool) => [pool?.queued] },
  {
    title: "Threads",
    unit: count,
    series: ["threads", "busy"],
    of: (_, pool) => [pool?.threads, pool?.busy],
  },
  {
    title: "Answers/s",
    unit: rate,
    series: ["done", "not done"],
    of: (point, pool) => (pool ? answers(pool.outcomes, point.length / 1e6) : [null, null]),
  },
];

function answers({ completed, ...others }, seconds) {
  const notDone = Object.values(others).reduce((sum, number) => sum + number, 0);
  return [completed / seconds, notDone / seconds];
}

export function curves() {
  const cursor = "unblock";
  const all = CURVES.map(curve => figure(curve, cursor));
  return {
    element: element(
      "section",
      { class: "curves", "aria-label": "The last two minutes" },
      element("h2", {}, "The last two minutes"),
      element("div", { class: "figures" }, ...all.map(one => one.element)),
    ),
    show({ pool, points }) {
      const of = point => point.pools.find(other => other.name === pool?.name);
      const x = points.map(point => point.time / 1e6);
      CURVES.forEach((curve, index) => {
        const rows = points.map(point => curve.of(point, of(point)));
        const ys = curve.series.map((_, place) => rows.map(row => row[place] ?? null));
        all[index].show([x, ...ys]);
      });
    },
  };
}

/// One chart with its caption. Without a pointer the caption shows the newest values.
function figure({ title, unit, series }, cursor) {
  const values = series.map((name, index) =>
    series.length > 1
      ? element(
          "span",
          {},
          element("i", { class: `line line-${index}`, "aria-hidden": "true" }),
          `${name} `,
          element("b"),
        )
      : element("span", {}, element("b")),
  );
  const at = element("span", { class: "soft at" });
  const place = element("div", { class: "chart", role: "img" });
  const root = element(
    "figure",
    {},
    element(
      "figcaption",
      {},
      element("span", { class: "title" }, title),
      element("span", { class: "values" }, at, ...values),
    ),
    place,
  );
  let data = [[], ...series.map(() => [])];
  let chart = null;

  function caption() {
    const pointed = chart?.cursor.idx ?? null;
    const index = pointed ?? data[0].length - 1;
    setText(at, pointed === null ? "" : clock(data[0][pointed] * 1e6));
    values.forEach((value, number) => {
      const now = data[number + 1][index];
      setText(value.lastChild, now === null || now === undefined ? "–" : unit(now));
    });
    const most = Math.max(0, ...data[1].map(value => value ?? 0));
    const last = data[1][data[0].length - 1];
    setAttribute(
      place,
      "aria-label",
      `${title}: now ${
        last === null || last === undefined ? "not known" : unit(last)
      }, at most ${unit(most)} in the last two minutes`,
    );
  }

  function draw() {
    chart?.destroy();
    chart = new globalThis.uPlot(options(place, unit, series, cursor, caption), data, place);
  }

  // Colors come from the style sheet, which has two sets of them.
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new ResizeObserver(() => {
    if (chart === null) draw();
    else chart.setSize({ width: place.clientWidth, height: HEIGHT });
  }).observe(place);
  return {
    element: root,
    show(next) {
      data = next;
      chart?.setData(data);
      caption();
    },
  };
}

function options(place, unit, series, cursor, caption) {
  const style = getComputedStyle(place);
  const color = name => style.getPropertyValue(name).trim();
  const axis = {
    stroke: color("--soft"),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: color("--line"), width: 1 },
    ticks: { show: false },
  };
  const stroke = [color("--run"), color("--queue")];
  return {
    width: place.clientWidth,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false }, sync: { key: cursor } },
    scales: {
      x: { time: false, range: (_, from, to) => [(to ?? 0) - SECONDS, to ?? 0] },
      y: { range: (_, from, to) => [0, nice(to)] },
    },
    axes: [
      {
        ...axis,
        size: 22,
        gap: 4,
        splits: plot => [SECONDS, SECONDS / 2, 0].map(ago => plot.scales.x.max - ago),
        values: () => ["", "1 min ago", ""],
      },
      {
        ...axis,
        size: 56,
        gap: 6,
        splits: plot => [0, plot.scales.y.max / 2, plot.scales.y.max],
        values: (_, splits) => splits.map(value => (value === 0 ? "0" : short(unit, value))),
      },
    ],
    series: [
      {},
      ...series.map((label, index) => ({
        label,
        stroke: stroke[index],
        fill: index === 0 ? color("--run-veil") : undefined,
        width: 1.75,
        dash: index === 0 ? undefined : [5, 4],
        points: { show: true, size: 4, fill: stroke[index], filter: alone },
      })),
    ],
    hooks: { setCursor: [caption] },
  };
}

/// The places of values without a neighbor, which no line shows.
function alone(plot, index) {
  const values = plot.data[index];
  const isMissing = place => values[place] === null || values[place] === undefined;
  return [...values.keys()].filter(
    place => !isMissing(place) && isMissing(place - 1) && isMissing(place + 1),
  );
}

/// The top of a scale: 1, 2, 4 or 10 times a power of ten, at least 2.
function nice(most) {
  const least = Math.max(most ?? 0, 2);
  const power = 10 ** Math.floor(Math.log10(least));
  return power * [1, 2, 4, 10].find(step => step * power >= least);
}
