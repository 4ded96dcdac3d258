// The text above the questions, such as "Time left: 24:59", counted down without the kernel.

import { element } from "./dom.js";

const SAID = [300, 60]; // seconds left that are announced

export function countdown(model, announce) {
  const node = element("p", { class: "cs-timer", role: "timer" });
  let beat = null;
  let ends = 0;
  let before = Infinity;

  function show() {
    const left = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
    const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    node.textContent = model.get("timer").replace("{left}", clock);
    if (SAID.some((moment) => left <= moment && before > moment)) announce(node.textContent);
    before = left;
    if (left === 0) {
      stop();
      try {
        model.send({ type: "action", action: "time-up" });
      } catch {
        // Without its kernel the clock still stops at nothing.
      }
    }
  }

  function stop() {
    clearInterval(beat);
    beat = null;
  }

  function restart() {
    stop();
    node.textContent = model.get("timer").replace("{left}", "");
    const left = model.get("seconds_left");
    if (!model.get("timer") || left === null) return;
    ends = performance.now() + left * 1000;
    before = left + 1;
    beat = setInterval(show, 1000);
    show();
  }

  // A page loaded again shows what the kernel said last: ask for the time there is.
  if (model.get("timer")) model.send({ type: "action", action: "time" });

  return { node, restart, stop };
}
