// What is known of one function: its distributions, what runs now, and the slowest calls.

import { element, resize, setPath, setText } from "./element.js";
import { clock, counted, time } from "./format.js";
import { histogram } from "./histogram.js";
import { WINDOWS } from "./table.js";

/// The most jobs that are listed.
const LONGEST = 8;

export function details(base) {
  let chosen = null;
  let opener = null;
  let window = 1;
  let known = null;

  const title = element("h3", { tabindex: "-1" });
  const about = element("p", { class: "soft" });
  const run = histogram("How long it ran");
  const wait = histogram("How long it waited for a worker");
  const longest = list("Running now, the longest first");
  const slowest = list("The slowest calls of the last minute");
  const root = element(
    "section",
    { class: "details", "aria-label": "Details of a function", hidden: "" },
    element(
      "div",
      { class: "heading" },
      title,
      element("button", { type: "button", class: "close", onclick: close }, "Close"),
    ),
    about,
    element("div", { class: "parts" }, run.element, wait.element, longest.element, slowest.element),
  );
  root.addEventListener("keydown", event => event.key === "Escape" && close());

  function close() {
    chosen = null;
    root.hidden = true;
    opener?.focus();
  }

  async function load() {
    const asked = chosen;
    const query = new URLSearchParams({ pool: asked.pool, name: asked.name });
    const response = await fetch(`${base}/function?${query}`).catch(() => null);
    const next = response?.ok ? await response.json() : null;
    if (next && chosen === asked) {
      known = next;
      draw();
    }
  }

  function draw() {
    run.show(known.windows[window].run);
    wait.show(known.windows[window].wait);
    slowest.show(known.slowest.map(([ended, ran]) => `${time(ran)}, ended at ${clock(ended)}`));
  }

  return {
    element: root,
    open(pool, name) {
      chosen = { pool, name };
      known = null;
      opener = document.activeElement;
      setPath(title, name);
      root.hidden = false;
      title.focus();
      root.scrollIntoView({ block: "nearest" });
      load();
    },
    setWindow(next) {
      window = next;
      if (chosen && known) draw();
    },
    /// Asks for news once a second, with the table.
    show({ now, isNewSecond }) {
      if (!chosen) return;
      const pool = now.pools.find(other => other.name === chosen.pool);
      const running = (pool?.workers ?? []).filter(worker => worker.job?.[0] === chosen.name);
      running.sort((one, other) => other.job[1] - one.job[1]);
      setText(
        about,
        `${now.pools.length > 1 ? `Pool ${chosen.pool}. ` : ""}` +
          `${counted(running.length, "worker")} ${running.length === 1 ? "runs" : "run"} it now. ` +
          `Times of the window “${WINDOWS[window]}”.`,
      );
      longest.show(
        running
          .slice(0, LONGEST)
          .map(
            ({ number, state, job }) =>
              `${time(job[1])} on worker ${number}${
                state === "running"
                  ? ""
                  : `, ${state === "asleep" ? "asleep" : "for nobody any more"}`
              }`,
          ),
      );
      if (isNewSecond) load();
    },
  };
}

function list(title) {
  const items = element("ol", { class: "calls" });
  const none = element("p", { class: "soft" }, "None.");
  return {
    element: element("section", { "aria-label": title }, element("h4", {}, title), items, none),
    show(texts) {
      none.hidden = texts.length > 0;
      resize(items, texts.length, () => element("li")).forEach((item, index) =>
        setText(item, texts[index]),
      );
    },
  };
}
