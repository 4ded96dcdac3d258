// The whole console: follows the kernel's messages and draws what has changed, while it is seen.

const LOOK_MS = 15000;
const SILENT_MS = 20000;
const ASK_MS = 3000;
const ALOUD_MS = 15000;

const GONE =
  "No longer connected: the kernel was restarted or has stopped. " +
  "What stands here is what was last seen; run this cell again for a lab that runs.";
const SILENT =
  "Nothing was heard from the kernel for a while: it may be stopped, or very busy. " +
  "If this stays, run this cell again.";
const STOPPED =
  "This lab has been stopped. What stands here is what there was at its end; " +
  "lab.console() shows the lab that runs now.";

export default {
  render({ model, el }) {
    views += 1;
    const id = `cs-console-${views}-${Math.random().toString(36).slice(2, 8)}`;
    const known = new Known(model.get("first"));
    let paused = false;
    let seen = true; // whether the console is on the screen
    let frame = null;
    let heard = Date.now();
    let trouble = "";
    let asked = false; // for all there is
    let askedAt = 0;
    let aloud = { at: Date.now(), totals: known.totals };

    const send = (message) => {
      try {
        model.send(message);
        return true;
      } catch {
        return false;
      }
    };

    const chart = activityChart(known);
    const numbers = tiles(known);
    const functions = functionTable(known, id, select);
    const records = recordTable(known);
    const log = logTail(known, id);
    const depths = depthTables(known);
    const letters = deadLetters(known);
    const invoking = invokeForm(known, id, send);

    const title = element("h3", { id: `${id}-title`, class: "cs-title" }, "Lab console");
    const state = element("span", { class: "cs-state" });
    const pause = element("button", { type: "button", "aria-pressed": "false" }, "Pause");
    const notice = element("p", { class: "cs-notice", role: "status" });
    const spoken = element("p", { class: "cs-hidden", role: "status" });
    const chosen = element("p", { class: "cs-only", role: "status" });
    const tabs = tabbed(id, [
      ["Invocations", records.node],
      ["Log", log.node],
      ["Queues and streams", depths.node],
      ["Dead letters", letters.node],
      ["Invoke", invoking.node],
    ]);
    const root = element(
      "section",
      {
        class: "cs-console",
        "aria-labelledby": title.id,
        // JupyterLab's shortcuts stay out of what is typed and chosen in here.
        "data-lm-suppress-shortcuts": "true",
      },
      element("header", {}, title, state, pause),
      notice,
      element("div", { class: "cs-top" }, chart.node, numbers.node),
      functions.node,
      tabs.node,
      chosen,
      spoken,
    );
    for (const type of ["keydown", "keypress", "keyup"]) {
      root.addEventListener(type, (event) => event.stopPropagation());
    }
    pause.addEventListener("click", () => {
      paused = !paused;
      pause.setAttribute("aria-pressed", String(paused));
      known.changed.add("status");
      later();
    });

    function select(arn) {
      known.selected = arn;
      known.newRows = known.newLines = null;
      for (const name of ["functions", "rows", "lines"]) known.changed.add(name);
      invoking.choose(arn);
      draw(true);
    }

    function status() {
      const words = known.stopped ? STOPPED : trouble;
      write(notice, [words, droppedNote(known.dropped)].filter(Boolean).join(" "));
      notice.hidden = !notice.textContent;
      const now = words ? "not live" : paused ? "paused" : "live";
      state.dataset.now = now;
      write(state, `${now} · ${known.region} · ${plural(known.functions.size, "function")}`);
      pause.disabled = Boolean(words);
    }

    function draw(anyway = false) {
      frame = null;
      status();
      if (paused && !anyway) return;
      const { changed } = known;
      if (known.selected && !known.functions.has(known.selected)) {
        known.selected = "";
        known.newRows = known.newLines = null;
        for (const name of ["functions", "rows", "lines"]) changed.add(name);
      }
      const only = known.functions.get(known.selected);
      write(chosen, only ? `Invocations and log of ${only.name} alone.` : "");
      if (changed.has("functions")) functions.draw();
      if (changed.has("functions") || changed.has("status")) invoking.draw();
      if (changed.has("rows")) records.draw();
      if (changed.has("lines")) log.draw();
      if (changed.has("queues") || changed.has("streams")) depths.draw();
      if (changed.has("letters")) {
        letters.draw();
        tabs.name("Dead letters", letters.count ? `Dead letters (${letters.count})` : "");
      }
      if (changed.has("status") || changed.has("functions")) numbers.draw();
      if (changed.has("activity")) chart.draw();
      changed.clear();
    }

    function later() {
      if (seen && frame === null) frame = requestAnimationFrame(() => draw());
    }

    function hear(message) {
      heard = Date.now();
      if (trouble) {
        trouble = "";
        known.changed.add("status");
      }
      if (message.type === "answer") invoking.answered(message);
      else if (message.type === "state" && asked) {
        asked = false;
        known.replace(message);
      } else if (message.serial > known.serial) {
        const missed = message.type === "beat" || message.serial > known.serial + 1;
        if (message.type === "update") known.update(message);
        if (missed) ask();
      }
      if (known.stopped) invoking.lost();
      if (known.changed.size) later();
    }

    function ask() {
      if (Date.now() - askedAt < ASK_MS) return;
      askedAt = Date.now();
      asked = send({ type: "open" });
    }

    function lost(words) {
      trouble = words;
      invoking.lost();
      known.changed.add("status");
      later();
    }

    // The comm has come to its end, as in a restart, or has been set up again.
    function changedComm() {
      lost(GONE);
      ask();
    }

    const looking = setInterval(() => {
      if (known.stopped) return;
      if (Date.now() - heard > SILENT_MS) {
        if (!trouble) lost(SILENT);
        ask();
      } else send({ type: "look" });
    }, LOOK_MS);
    const moving = setInterval(() => {
      const { activity, totals } = known;
      if (activity.size && !paused && seen && !trouble) chart.draw();
      if (Date.now() - aloud.at < ALOUD_MS || paused) return;
      const failed = totals[1] - aloud.totals[1];
      const throttled = totals[2] - aloud.totals[2];
      aloud = { at: Date.now(), totals };
      const news = [failed && `${counted.format(failed)} failed`];
      news.push(throttled && `${counted.format(throttled)} throttled`);
      write(spoken, news.filter(Boolean).join(", "));
    }, 1000);
    const watching = new IntersectionObserver((entries) => {
      seen = entries.at(-1).isIntersecting;
      if (seen && known.changed.size) later();
    });
    watching.observe(root);
    model.on("msg:custom", hear);
    model.on("comm_live_update", changedComm);
    draw();
    ask();
    el.append(root);
    return () => {
      clearInterval(looking);
      clearInterval(moving);
      if (frame !== null) cancelAnimationFrame(frame);
      watching.disconnect();
      model.off("msg:custom", hear);
      model.off("comm_live_update", changedComm);
    };
  },
};

function droppedNote(dropped) {
  if (!dropped) return "";
  const were = dropped === 1 ? "was" : "were";
  return `${plural(dropped, "older record")} ${were} dropped from lab.history to save memory.`;
}

// Tabs as WAI-ARIA's practices describe them: the arrow keys go from one to the next.
function tabbed(id, entries) {
  const tabs = entries.map(([name], n) =>
    element(
      "button",
      { type: "button", role: "tab", id: `${id}-tab-${n}`, "aria-controls": `${id}-panel-${n}` },
      name,
    ),
  );
  const panels = entries.map(([, content], n) =>
    element(
      "div",
      { class: "cs-panel", role: "tabpanel", id: `${id}-panel-${n}`, "aria-labelledby": tabs[n].id },
      content,
    ),
  );
  const choose = (chosen) => {
    tabs.forEach((tab, n) => {
      tab.setAttribute("aria-selected", String(n === chosen));
      tab.tabIndex = n === chosen ? 0 : -1;
      panels[n].hidden = n !== chosen;
    });
  };
  tabs.forEach((tab, n) => {
    tab.addEventListener("click", () => choose(n));
    tab.addEventListener("keydown", (event) => {
      const last = tabs.length - 1;
      const to = { ArrowRight: n + 1, ArrowLeft: n - 1, Home: 0, End: last }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      const next = to < 0 ? last : to > last ? 0 : to;
      choose(next);
      tabs[next].focus();
    });
  });
  choose(0);
  const bar = element("div", { class: "cs-tabs", role: "tablist", "aria-label": "What to show" });
  bar.append(...tabs);
  return {
    node: element("div", {}, bar, ...panels),
    name(entry, words) {
      write(tabs[entries.findIndex(([name]) => name === entry)], words || entry);
    },
  };
}
