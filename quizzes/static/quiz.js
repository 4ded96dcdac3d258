// The page's half of every quiz; quizzes/widget.py is the kernel's half and does the grading.

import { countdown } from "./countdown.js";
import { element } from "./dom.js";
import { overview } from "./overview.js";
import { QuestionView } from "./question.js";

let views = 0;

function render({ model, el }) {
  views += 1;
  const prefix = `cs-${views}-${Math.random().toString(36).slice(2, 8)}`;
  const title = element("h3", { id: `${prefix}-title`, class: "cs-title" }, model.get("title"));
  const summary = element("p", { class: "cs-summary" });
  const notice = element("p", { class: "cs-notice", role: "status" });
  const announcer = element("div", { class: "cs-hidden cs-announcer", role: "status" });
  const list = element("div", { class: "cs-list" });
  const foot = element("div", { class: "cs-actions cs-foot" });
  const announce = (text) => {
    // The same words twice are said twice only if they differ.
    announcer.textContent = announcer.textContent === text ? `${text}\u00a0` : text;
  };
  const act = (id) => {
    try {
      model.send({ type: "action", action: id });
    } catch {
      announce("The kernel was restarted or has stopped: run this cell again.");
    }
  };
  const clock = countdown(model, announce);
  const all = overview(model, act);
  const intro = element("div", { class: "cs-intro", tabindex: "-1" });
  const root = element(
    "section",
    {
      class: "cs-quiz",
      "aria-labelledby": title.id,
      // JupyterLab's shortcuts stay out of what is typed and chosen in here.
      "data-lm-suppress-shortcuts": "true",
    },
    element("header", {}, title, summary, clock.node),
    all.node,
    notice,
    intro,
    list,
    foot,
    announcer,
  );
  for (const type of ["keydown", "keypress", "keyup"]) {
    root.addEventListener(type, (event) => event.stopPropagation());
  }

  let shown = []; // each: the question as the kernel sent it, and its view
  const made = (question, n) => {
    const view = new QuestionView({
      question,
      number: n + 1,
      name: `${prefix}-${n}-${question.seed ?? 0}`,
      graded: model.get("feedback") === "at once",
      send: (message) => model.send(message),
      announce,
    });
    view.keepRoom(root.clientWidth || 700);
    return { source: JSON.stringify(question), question, view };
  };

  // Questions that have not changed keep their node, and with it the focus and what was typed.
  const questions = () => {
    const now = model.get("questions");
    const first = shown.length === 0;
    const focused = list.contains(document.activeElement) ? document.activeElement : null;
    const before = shown;
    shown = now.map((question, n) => {
      const old = before[n];
      return old?.source === JSON.stringify(question) ? old : made(question, n);
    });
    const gone = before.filter((each) => !shown.includes(each));
    for (const each of gone) each.view.settle();
    if (first || gone.length || before.length !== shown.length) {
      const at = gone.findIndex((each) => each.view.node.contains(focused));
      shown.forEach(({ view }, n) => {
        const there = list.children[n];
        if (!there) list.append(view.node);
        else if (there !== view.node) there.replaceWith(view.node);
      });
      while (list.children.length > shown.length) list.lastChild.remove();
      if (focused && !shown.length) intro.focus();
      states();
      const next = shown.find(({ question }) => at >= 0 && question.id === gone[at].question.id);
      if (next) {
        next.view.renew.focus({ preventScroll: true });
        announce(`New numbers. ${next.view.node.querySelector(".cs-lead").textContent}`);
      } else if (shown.length === 1 && foot.contains(document.activeElement)) {
        shown[0].view.node.querySelector("input, select, textarea, button").focus();
      } else if (gone.length && shown.length === 1) {
        announce(shown[0].view.node.querySelector("legend").textContent);
      }
    }
  };
  const states = () => {
    const now = model.get("states");
    for (const { question, view } of shown) view.update(now[question.id]);
  };
  const words = () => {
    title.textContent = model.get("title");
    summary.textContent = model.get("summary");
    notice.textContent = model.get("notice");
  };
  const introduction = () => {
    const asked = foot.contains(document.activeElement) && model.get("questions").length === 0;
    intro.innerHTML = model.get("intro");
    if (asked) intro.focus(); // what came of the button, instead of its successor
  };
  const actions = () => {
    const focused = foot.contains(document.activeElement);
    foot.replaceChildren(
      ...model.get("actions").map(({ id, text }) => {
        const button = element("button", { type: "button", class: "cs-minor" }, text);
        button.addEventListener("click", () => act(id));
        return button;
      }),
    );
    if (focused) foot.querySelector("button")?.focus({ preventScroll: true });
  };
  const changes = {
    questions,
    states,
    title: words,
    summary: words,
    notice: words,
    intro: introduction,
    overview: all.show,
    actions,
    timer: clock.restart,
    seconds_left: clock.restart,
  };
  for (const react of new Set(Object.values(changes))) react();
  for (const [trait, react] of Object.entries(changes)) model.on(`change:${trait}`, react);
  const sizes = new ResizeObserver(([entry]) => {
    root.classList.toggle("cs-narrow", entry.contentRect.width < 480);
    for (const { view } of shown) view.keepRoom(entry.contentRect.width);
  });
  sizes.observe(root);
  el.append(root);

  return () => {
    sizes.disconnect();
    clock.stop();
    for (const { view } of shown) view.settle();
    for (const [trait, react] of Object.entries(changes)) model.off(`change:${trait}`, react);
  };
}

export default { render };
