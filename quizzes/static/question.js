// One question in the page: its controls, what the kernel said of the answer, its hints.

import { element, hidden, icon } from "./dom.js";
import { kinds } from "./kinds.js";

const REPLY_MS = 2000;
const LOOK_MS = 30000; // the kernel gives up looking at a lab cloud before
const NO_REPLY =
  "No answer from the kernel. If a cell is still running, wait for it to end; " +
  "if the kernel was restarted, run this cell again, then check once more.";
const GONE = "The kernel was restarted or has stopped: run this cell again to answer here.";
const GRADING = ["check", "save"];
const DONE = ["right", "partly", "wrong", "saved"];
const CHANGED = "Changed, not checked";

const STATUS = { class: "cs-status", role: "status", "aria-live": "polite" };

export class QuestionView {
  // `graded` is false where answers are only saved, as in an exam.
  constructor({ question, number, name, graded, send, announce }) {
    Object.assign(this, { question, number, graded, send, announce });
    this.serial = 0; // of the kernel's state shown here
    this.sent = null; // the latest request: its token and answer
    this.timer = null; // runs while a reply is awaited
    this.checked = null; // the answer that the feedback is about
    this.known = "null"; // the kernel's answer, which the controls were set to
    this.helped = 0; // hints and solution shown
    this.label = "";
    const { controls, read, set } = kinds[question.kind](question, name, announce);
    Object.assign(this, { read, set });

    this.status = element("div", STATUS);
    this.others = element("div", { class: "cs-others" });
    this.said = element("div", { class: "cs-said" }, this.status, this.others);
    this.feedback = element("div", { class: "cs-feedback" }, this.said);
    this.help = element("div", { class: "cs-help", role: "log" });
    this.node = element(
      "form",
      { class: "cs-question", novalidate: "", "data-question": question.id },
      this.fields(name, controls),
      this.actions(),
      this.feedback,
      this.help,
    );
    this.node.addEventListener("submit", (event) => {
      event.preventDefault();
      this.check();
    });
    this.node.addEventListener("input", () => this.markChanged());
    this.node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.check();
    });
    if (!graded) this.node.addEventListener("change", () => this.request("save", this.read()));
  }

  fields(name, controls) {
    const { question } = this;
    this.state = element("span", { class: "cs-state" });
    const legend = element(
      "legend",
      {},
      element("span", { class: "cs-heading" }, element("span", {}, question.heading), " ", this.state),
      element("span", { class: "cs-lead", html: question.lead }),
    );
    const parts = [];
    if (question.rest) {
      parts.push(element("div", { id: `${name}-rest`, class: "cs-rest", html: question.rest }));
    }
    if (question.exhibit) parts.push(element("div", { class: "cs-exhibit", html: question.exhibit }));
    parts.push(element("p", { id: `${name}-how`, class: "cs-how" }, question.instruction));
    const described = parts.map((part) => part.id).filter(Boolean);
    return element("fieldset", { "aria-describedby": described.join(" ") }, legend, ...parts, controls);
  }

  // Buttons that come later have their place from the start, so that nothing moves.
  actions() {
    const { question } = this;
    const button = (text, type = "submit") => {
      const made = element("button", { type, class: type === "submit" ? "cs-main" : "cs-minor" }, text);
      made.append(hidden(`${type === "submit" ? "" : " for"} question ${this.number}`));
      return made;
    };
    const asking = (text, message) => {
      const made = button(text, "button");
      made.addEventListener("click", () => this.request(message));
      return made;
    };
    const open = question.kind === "open";
    this.button = button(!this.graded ? "Save" : open ? "Rate" : "Check");
    this.hint = asking("Hint", "hint");
    this.renew = asking("New numbers", "renew");
    this.again = asking("Try again", "again");
    this.reveal = asking(open ? "Model answer" : "Solution", "reveal");
    const row = element("div", { class: "cs-actions" }, this.button);
    if (this.graded) {
      if (question.hints) row.append(this.hint);
      if (question.renewable) row.append(this.renew);
      row.append(this.again, this.reveal);
    }
    this.offer({});
    return row;
  }

  offer({ hints_left: left = this.question.hints, again = false, reveal = false }) {
    const count = left ? ` (${left} left)` : " (none left)";
    this.hint.firstChild.data = `Hint${count}`;
    this.hint.setAttribute("aria-disabled", String(!left));
    this.again.classList.toggle("cs-later", !again);
    this.reveal.classList.toggle("cs-later", !reveal);
  }

  check() {
    this.request(this.graded ? "check" : "save", this.read());
  }

  request(type, answer = null) {
    if (this.timer && type !== "save") return;
    clearTimeout(this.timer);
    this.sent = { type, token: `${Date.now()}-${Math.random()}`, answer: JSON.stringify(this.read()) };
    this.wait(REPLY_MS);
    try {
      this.send({ type, question: this.question.id, answer, token: this.sent.token });
    } catch {
      this.fail(GONE);
    }
  }

  wait(time) {
    this.timer = setTimeout(() => this.fail(NO_REPLY), time);
    this.button.setAttribute("aria-disabled", "true");
  }

  fail(words) {
    this.settle();
    this.others.replaceChildren();
    this.say("not attempted", element("p", {}, words));
  }

  settle() {
    clearTimeout(this.timer);
    this.timer = null;
    this.button.removeAttribute("aria-disabled");
  }

  // Show the kernel's state of this question: the reply to this view, or what was done elsewhere.
  update(state) {
    if (!state || state.serial === this.serial) return;
    this.serial = state.serial;
    this.settle();
    const mine = this.sent && state.token === this.sent.token;
    const known = JSON.stringify(state.answer);
    if (mine && GRADING.includes(this.sent.type)) {
      this.checked = this.sent.answer;
    } else if (known !== this.known) {
      this.set(state.answer); // and whoever only asked for a hint keeps what they typed
      this.checked = JSON.stringify(this.read());
    }
    this.known = known;
    if (!DONE.includes(state.outcome)) this.checked = null;
    this.label = state.label;
    this.others.innerHTML = state.others;
    this.say(state.outcome, ...element("div", { html: state.feedback }).childNodes);
    this.showHelp(state.help);
    this.offer(state);
    this.markChanged();
    if (state.busy) this.wait(LOOK_MS);
  }

  say(outcome, ...nodes) {
    this.said.dataset.outcome = outcome;
    const words = nodes.length ? [icon(outcome), element("div", { class: "cs-words" }, ...nodes)] : [];
    this.status.replaceChildren(...words);
  }

  showHelp(pieces) {
    if (pieces.length < this.helped) this.help.replaceChildren();
    for (const html of pieces.slice(this.help.children.length)) {
      this.help.append(element("div", { class: "cs-piece", html }));
    }
    this.helped = pieces.length;
  }

  markChanged() {
    const changed = this.checked != null && this.checked !== JSON.stringify(this.read());
    this.state.textContent = changed && this.graded ? CHANGED : this.label;
  }

  // Keep room for long feedback, so that nothing below moves when it comes.
  keepRoom(width) {
    const perLine = Math.max(12, (width - 56) / 7.4);
    const { kind, room, options, lefts, gaps } = this.question;
    const parts = kind === "multiple" ? 3 : (lefts ?? gaps ?? []).length; // each begins a line
    const others = options?.length ? 1 : 0; // "Why not the others?"
    const lines = this.graded ? Math.ceil(room / perLine) + 1 + parts + others : 2;
    this.feedback.style.setProperty("--cs-lines", lines);
  }
}
