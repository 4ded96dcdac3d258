// The page's half of a checkpoint quiz; quizzes/widget.py is the kernel's half and does the grading.

const REPLY_MS = 2000;

const NO_REPLY =
  "No answer from the kernel. If a cell is still running, wait for it to end; " +
  "if the kernel was restarted, run this cell again, then check once more.";
const GONE = "The kernel was restarted or has stopped: run this cell again to answer here.";
const CHANGED = "Changed since it was checked";

const ICONS = {
  right: "M4.5 10.5l3.5 3.5 7.5-8",
  wrong: "M5.5 5.5l9 9m0-9l-9 9",
  partly: "M4.5 10h11",
  "not attempted": "M10 5v6.5m0 2.5v1",
};

let views = 0;

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "html") made.innerHTML = value;
    else if (value !== null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function icon(outcome) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[outcome] ?? ICONS["not attempted"]);
  svg.append(path);
  return svg;
}

// Each kind of question makes its controls and says how to read and to set the answer.
const kinds = {
  single: (question, name) => choices(question, name, "radio"),
  multiple: (question, name) => choices(question, name, "checkbox"),
  numeric(question, name) {
    const input = element("input", {
      id: name,
      type: "text",
      inputmode: "decimal",
      autocomplete: "off",
      spellcheck: "false",
      maxlength: "60",
    });
    const label = element("label", { for: name }, "Your answer");
    const row = element("div", { class: "cs-number" }, label, input);
    if (question.unit) {
      label.append(element("span", { class: "cs-hidden" }, ` in ${question.unit}`));
      row.append(element("span", { "aria-hidden": "true" }, question.unit));
    }
    return {
      controls: row,
      read: () => input.value,
      set: (answer) => {
        input.value = answer ?? "";
      },
    };
  },
};

function choices(question, name, type) {
  const inputs = question.options.map((option) =>
    element("input", { type, name, value: option.letter, id: `${name}-${option.letter}` }),
  );
  const rows = question.options.map((option, n) =>
    element(
      "label",
      { class: "cs-option", for: inputs[n].id },
      inputs[n],
      element("span", { class: "cs-letter" }, option.letter),
      element("span", { class: "cs-text", html: option.html }),
    ),
  );
  return {
    controls: element("div", { class: "cs-options" }, ...rows),
    read: () => inputs.filter((input) => input.checked).map((input) => input.value),
    set: (answer) => {
      for (const input of inputs) input.checked = (answer ?? []).includes(input.value);
    },
  };
}

class QuestionView {
  constructor(question, number, total, prefix, send) {
    this.question = question;
    this.send = send;
    this.serial = 0; // of the kernel's state shown here
    this.sent = null; // the latest request: its token and answer
    this.timer = null; // runs while a reply is awaited
    this.checked = null; // the answer that the feedback is about
    const name = `${prefix}-${number}`;
    const { controls, read, set } = kinds[question.kind](question, name);
    Object.assign(this, { read, set });

    const rest = element("div", { id: `${name}-rest`, class: "cs-rest", html: question.rest });
    const how = element("p", { id: `${name}-how`, class: "cs-how" }, question.instruction);
    const legend = element(
      "legend",
      {},
      element("span", { class: "cs-number-of" }, `Question ${number} of ${total}`),
      element("span", { class: "cs-lead", html: question.lead }),
    );
    const describedby = `${question.rest ? `${rest.id} ` : ""}${how.id}`;
    this.button = element("button", { type: "submit" }, "Check");
    this.button.append(element("span", { class: "cs-hidden" }, ` question ${number}`));
    this.changed = element("span", { class: "cs-changed" });
    this.status = element("div", { class: "cs-status", role: "status", "aria-live": "polite" });
    this.others = element("div", { class: "cs-others" });
    this.said = element("div", { class: "cs-said" }, this.status, this.others);
    this.feedback = element("div", { class: "cs-feedback" }, this.said);
    this.node = element(
      "form",
      { class: "cs-question", novalidate: "", "data-question": question.id },
      element(
        "fieldset",
        { "aria-describedby": describedby },
        legend,
        ...(question.rest ? [rest] : []),
        how,
        controls,
      ),
      element("div", { class: "cs-actions" }, this.button, this.changed),
      this.feedback,
    );
    this.node.addEventListener("submit", (event) => {
      event.preventDefault();
      this.check();
    });
    this.node.addEventListener("input", () => this.markChanged());
  }

  check() {
    if (this.timer) return;
    const answer = this.read();
    this.sent = { token: `${Date.now()}-${Math.random()}`, answer: JSON.stringify(answer) };
    this.timer = setTimeout(() => this.fail(NO_REPLY), REPLY_MS);
    this.button.setAttribute("aria-disabled", "true");
    try {
      this.send({ type: "check", question: this.question.id, answer, token: this.sent.token });
    } catch {
      this.fail(GONE);
    }
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

  // Show the kernel's state of this question: the reply to this view, or what was answered elsewhere.
  update(state) {
    if (!state || state.serial === this.serial) return;
    this.serial = state.serial;
    this.settle();
    const mine = this.sent && state.token === this.sent.token;
    if (!mine && state.answer !== null) this.set(state.answer);
    this.checked = mine ? this.sent.answer : JSON.stringify(this.read());
    if (state.outcome === "not attempted") this.checked = null;
    this.others.innerHTML = state.others;
    this.say(state.outcome, ...element("div", { html: state.feedback }).childNodes);
    this.markChanged();
  }

  say(outcome, ...nodes) {
    this.said.dataset.outcome = outcome;
    this.status.replaceChildren(icon(outcome), element("div", { class: "cs-words" }, ...nodes));
  }

  markChanged() {
    const changed = this.checked != null && this.checked !== JSON.stringify(this.read());
    this.changed.textContent = changed ? CHANGED : "";
  }

  // Keep room for long feedback, so that nothing below moves when it comes.
  keepRoom(width) {
    const perLine = Math.max(12, (width - 56) / 7.4);
    const others = { single: 1, multiple: 4, numeric: 0 }[this.question.kind];
    const lines = Math.ceil(this.question.room / perLine) + 1 + others;
    this.feedback.style.setProperty("--cs-lines", lines);
  }
}

export default {
  render({ model, el }) {
    views += 1;
    const prefix = `cs-${views}-${Math.random().toString(36).slice(2, 8)}`;
    const questions = model.get("questions");
    const shown = questions.map(
      (question, n) =>
        new QuestionView(question, n + 1, questions.length, prefix, (message) =>
          model.send(message),
        ),
    );

    const title = element("h3", { id: `${prefix}-title`, class: "cs-title" }, model.get("title"));
    const summary = element("p", { class: "cs-summary" });
    const notice = element("p", { class: "cs-notice", role: "status" });
    const root = element(
      "section",
      {
        class: "cs-quiz",
        "aria-labelledby": title.id,
        // JupyterLab's shortcuts stay out of what is typed and chosen in here.
        "data-lm-suppress-shortcuts": "true",
      },
      element("header", {}, title, summary),
      notice,
      ...shown.map((view) => view.node),
    );
    for (const type of ["keydown", "keypress", "keyup"]) {
      root.addEventListener(type, (event) => event.stopPropagation());
    }

    const states = () => {
      const now = model.get("states");
      for (const view of shown) view.update(now[view.question.id]);
    };
    const words = () => {
      summary.textContent = model.get("summary");
      notice.textContent = model.get("notice");
    };
    const changes = [
      ["change:states", states],
      ["change:summary", words],
      ["change:notice", words],
    ];
    states();
    words();
    for (const [event, react] of changes) model.on(event, react);
    const sizes = new ResizeObserver(([entry]) => {
      for (const view of shown) view.keepRoom(entry.contentRect.width);
    });
    sizes.observe(root);
    el.append(root);

    return () => {
      sizes.disconnect();
      for (const view of shown) view.settle();
      for (const [event, react] of changes) model.off(event, react);
    };
  },
};
