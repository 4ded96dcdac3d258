// Invokes a function with an event that is typed as JSON.

const ANSWER_MS = 10000;
const WAITING = "Still running, or the kernel is busy: the answer appears here when it comes.";

// What is wrong with a text that should be JSON, in a sentence, and where; null for nothing.
function problemOf(text) {
  if (!text.trim()) return { words: "Write an event as JSON: {} is the shortest.", at: 0 };
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    const found = /position (\d+)/.exec(error.message);
    const at = found ? Number(found[1]) : text.length;
    const before = text.slice(0, at).split("\n");
    const where = `line ${before.length}, column ${before.at(-1).length + 1}`;
    const what = error.message.replace(/ (in JSON )?at position.*$/s, "").replace(/, "[^]*$/, "");
    return { words: `This is not JSON at ${where}: ${what}.`, at };
  }
}

function invokeForm(known, id, send) {
  const which = element("select", { id: `${id}-function` });
  const kind = element(
    "select",
    { id: `${id}-kind` },
    element("option", { value: "RequestResponse" }, "and wait for its answer"),
    element("option", { value: "Event" }, "asynchronously"),
  );
  const problem = element("p", { id: `${id}-problem`, class: "cs-problem", role: "status" });
  const editor = element("textarea", {
    id: `${id}-payload`,
    rows: "7",
    spellcheck: "false",
    autocapitalize: "off",
    "aria-describedby": problem.id,
  });
  editor.value = "{}";
  const button = element("button", { type: "submit", class: "cs-main" }, "Invoke");
  const tidy = element("button", { type: "button" }, "Indent");
  const status = element("p", { class: "cs-said", role: "status" });
  const payload = element("pre", { tabindex: "0", role: "region", "aria-label": "Answer" });
  const log = element("pre", { tabindex: "0", role: "region", "aria-label": "Log of this call" });
  const told = element("details", {}, element("summary", {}, "Its log"), log);
  const answer = element("div", { class: "cs-answer" }, status, payload, told);
  const form = element(
    "form",
    { class: "cs-fill cs-invoke", novalidate: "" },
    element(
      "div",
      { class: "cs-asks" },
      element(
        "div",
        { class: "cs-tools" },
        element("label", { for: which.id }, "Invoke"),
        which,
        element("label", { class: "cs-hidden", for: kind.id }, "How"),
        kind,
      ),
      element("label", { for: editor.id }, "Event, as JSON"),
      editor,
      problem,
      element("div", { class: "cs-tools" }, button, tidy, keys()),
    ),
    answer,
  );
  payload.hidden = told.hidden = true;
  let waiting = null; // the token of the invocation whose answer is awaited
  let timer = null;

  function keys() {
    return element("span", { class: "cs-note" }, "or Ctrl+Enter in the event");
  }

  function check() {
    const found = problemOf(editor.value);
    write(problem, found?.words ?? "");
    editor.setAttribute("aria-invalid", String(Boolean(found)));
    return found;
  }

  function say(outcome, words) {
    answer.dataset.outcome = outcome;
    write(status, words);
  }

  function settle() {
    clearTimeout(timer);
    waiting = null;
    button.removeAttribute("aria-disabled");
  }

  function invoke() {
    const found = check();
    if (found) {
      editor.focus();
      editor.setSelectionRange(found.at, Math.min(found.at + 1, editor.value.length));
      return;
    }
    if (waiting) return;
    waiting = `${id}-${Date.now()}-${Math.random()}`;
    button.setAttribute("aria-disabled", "true");
    payload.hidden = told.hidden = true;
    say("", "Invoking…");
    timer = setTimeout(() => say("", WAITING), ANSWER_MS);
    const asked = { function: which.value, kind: kind.value, payload: editor.value };
    if (!send({ type: "invoke", token: waiting, ...asked })) {
      settle();
      say("failed", GONE);
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    invoke();
  });
  editor.addEventListener("input", check);
  editor.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    invoke();
  });
  tidy.addEventListener("click", () => {
    if (!check()) editor.value = JSON.stringify(JSON.parse(editor.value), null, 2);
  });

  return {
    node: form,
    draw() {
      const names = [...known.functions.entries()];
      const wanted = names.map(([arn]) => arn).join();
      if (which.dataset.names !== wanted) {
        const before = which.value;
        which.replaceChildren(
          ...names.map(([arn, row]) =>
            element("option", { value: arn }, row.region ? `${row.name} (${row.region})` : row.name),
          ),
        );
        which.dataset.names = wanted;
        if (known.functions.has(before)) which.value = before;
      }
      button.disabled = !names.length || known.stopped;
    },
    choose(arn) {
      if (arn) which.value = arn;
    },
    lost() {
      if (!waiting) return;
      settle();
      say("failed", GONE);
    },
    answered(message) {
      if (message.token !== waiting) return;
      settle();
      say(message.problem ? "failed" : message.outcome, message.problem ?? message.head);
      payload.hidden = !message.payload;
      payload.textContent = message.payload ?? "";
      told.hidden = !message.log;
      log.textContent = message.log ?? "";
    },
  };
}
