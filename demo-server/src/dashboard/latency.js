// A light request, again and again, and the curve of how long each takes. While no answer comes
// the curve has a gap, which is marked.

import { element, setAttribute, setText } from "/unblock/element.js";
import { short, time } from "/unblock/format.js";

/// The seconds that the curve shows.
const SECONDS = 30;

/// The pause between two requests, in milliseconds.
const PAUSE = 100;

/// The time without an answer from which on there is a gap, in seconds.
const GAP = 0.5;

const HEIGHT = 190;

export function latency(path) {
  const last = element("b");
  const slowest = element("b");
  const silence = element("b");
  const place = element("div", { class: "chart tall", role: "img" });
  /// When each answer came, in seconds, and the microseconds that it took; `null` in a gap.
  const answers = [[], []];
  const marks = [];
  let before = seconds();
  let chart = null;

  function seconds() {
    return performance.now() / 1000;
  }

  /// One request after the other: the next is sent when the answer is there.
  async function ask() {
    const begun = performance.now();
    try {
      await (await fetch(path, { cache: "no-store" })).text();
      answered((performance.now() - begun) * 1000);
    } catch {
      // No answer: a gap.
    }
    setTimeout(ask, PAUSE);
  }

  function answered(micros) {
    const now = seconds();
    if (now - before > GAP) push((before + now) / 2, null);
    push(now, Math.round(micros));
    before = now;
    setText(last, time(Math.round(micros)));
  }

  function push(x, y) {
    answers[0].push(x);
    answers[1].push(y);
  }

  /// The times without an answer that the curve shows: the gaps, and the one that lasts still.
  function gaps() {
    const found = [];
    answers[1].forEach((value, index) => {
      if (value === null) found.push([answers[0][index - 1], answers[0][index + 1]]);
    });
    if (seconds() - before > GAP) found.push([before, seconds()]);
    return found;
  }

  function draw() {
    const now = seconds();
    const past = answers[0].findIndex(x => x >= now - SECONDS);
    answers.forEach(list => list.splice(0, Math.max(0, past - 1)));
    if (answers[1][0] === null) answers.forEach(list => list.shift());
    while (marks.length > 0 && marks[0].at < now - SECONDS) marks.shift();
    const longest = Math.max(0, ...gaps().map(([from, to]) => to - from));
    const most = Math.max(0, ...answers[1].map(value => value ?? 0));
    setText(slowest, time(most));
    setText(silence, longest > 0 ? time(Math.round(longest * 1e6)) : "none");
    setAttribute(place, "data-gap", Math.round(longest * 1000));
    setAttribute(
      place,
      "aria-label",
      `Latency of a light request in the last ${SECONDS} seconds: at ` +
        `most ${time(most)}; longest time without an answer: ${silence.textContent}`,
    );
    chart?.setData(answers);
  }

  function create() {
    chart?.destroy();
    chart = new globalThis.uPlot(options(place, gaps, marks), answers, place);
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", create);
  new ResizeObserver(() => {
    if (chart === null) create();
    else chart.setSize({ width: place.clientWidth, height: HEIGHT });
  }).observe(place);
  ask();
  setInterval(draw, PAUSE);

  return {
    element: element(
      "figure",
      {},
      element(
        "figcaption",
        {},
        element(
          "span",
          { class: "title" },
          `How long a light request takes: GET ${path}, ten times a second`,
        ),
        element(
          "span",
          { class: "values" },
          element("span", {}, "last ", last),
          element("span", {}, "slowest ", slowest),
          element("span", {}, "longest gap ", silence),
        ),
      ),
      place,
    ),
    /// Says what begins now.
    mark(text) {
      // Beside the one before, if that is near, there is no room on its row.
      const row = ((marks.at(-1)?.row ?? 2) + 1) % 3;
      marks.push({ at: seconds(), text, row });
    },
  };
}

function options(place, gaps, marks) {
  const style = getComputedStyle(place);
  const color = name => style.getPropertyValue(name).trim();
  const font = size => `${size * devicePixelRatio}px ${style.fontFamily}`;
  const axis = {
    stroke: color("--soft"),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: color("--line"), width: 1 },
    ticks: { show: false },
  };

  /// Hatches the gaps, and writes how long they are.
  function drawGaps({ ctx, bbox, valToPos }) {
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const [from, to] of gaps()) {
      const [left, right] = [from, to].map(x => valToPos(x, "x", true));
      hatch(ctx, left, bbox.top, right - left, bbox.height);
      ctx.font = `600 ${font(12)}`;
      const length = time(Math.round((to - from) * 1e6));
      const text = [`no answer for ${length}`, length].find(
        text => ctx.measureText(text).width < right - left,
      );
      ctx.fillStyle = color("--bad");
      ctx.textAlign = "center";
      ctx.fillText(text ?? "", (left + right) / 2, bbox.top + bbox.height * 0.55);
    }
    marks.forEach(({ at, text, row }) => {
      const left = valToPos(at, "x", true);
      ctx.fillStyle = color("--ink");
      ctx.fillRect(left, bbox.top, devicePixelRatio, bbox.height);
      ctx.font = font(11);
      ctx.textAlign = left < bbox.left + bbox.width / 2 ? "left" : "right";
      ctx.fillText(
        text,
        left + (ctx.textAlign === "left" ? 5 : -5),
        bbox.top + (12 + 14 * row) * devicePixelRatio,
      );
    });
    ctx.restore();
  }

  function hatch(ctx, left, top, width, height) {
    ctx.save();
    ctx.fillStyle = color("--bad-veil");
    ctx.fillRect(left, top, width, height);
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    ctx.strokeStyle = color("--bad");
    ctx.globalAlpha = 0.35;
    ctx.lineWidth = 1.5 * devicePixelRatio;
    const step = 10 * devicePixelRatio;
    // The lines stay where they are while the curve moves on.
    for (let x = left - height - (left % step); x < left + width; x += step) {
      ctx.beginPath();
      ctx.moveTo(x, top + height);
      ctx.lineTo(x + height, top);
      ctx.stroke();
    }
    ctx.restore();
  }

  return {
    width: place.clientWidth,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: {
        time: false,
        range: () => [performance.now() / 1000 - SECONDS, performance.now() / 1000],
      },
      // From 0.1 ms on, in powers of ten.
      y: {
        distr: 3,
        range: (_, __, to) => [100, Math.max(1e4, 10 ** Math.ceil(Math.log10((to ?? 1) * 1.01)))],
      },
    },
    axes: [
      {
        ...axis,
        size: 22,
        gap: 4,
        splits: plot => [30, 20, 10, 0].map(ago => plot.scales.x.max - ago),
        values: () => ["", "20 s ago", "10 s ago", ""],
      },
      {
        ...axis,
        size: 56,
        gap: 6,
        splits: plot => decades(plot.scales.y),
        filter: (_, splits) => splits,
        values: (_, splits) => splits.map(value => short(time, value)),
      },
    ],
    series: [
      {},
      {
        stroke: color("--run"),
        fill: color("--run-veil"),
        width: 1.75,
        points: { show: true, size: 4, fill: color("--run") },
      },
    ],
    hooks: { draw: [drawGaps] },
  };
}

function decades({ min, max }) {
  const found = [];
  for (let value = min; value <= max * 1.001; value *= 10) found.push(Math.round(value));
  return found;
}
