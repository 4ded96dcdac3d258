// The page's half of an explorer; labsupport/explorers/widget.py is the kernel's half and does the sums.

const DEBOUNCE_MS = 25;
const REPLY_MS = 3000;
const NO_REPLY =
  "No answer from the kernel. If a cell is still running, wait for it to end; " +
  "if the kernel was restarted, run this cell again.";

let views = 0;

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// Each kind of control makes its row and says how to read and to set its value.
const kinds = {
  slider(control, id, changed) {
    const { stops, unit } = control;
    const slider = element("input", {
      type: "range",
      min: 0,
      max: stops.length - 1,
      step: 1,
      "aria-label": `${control.label}, slider`,
    });
    const field = element("input", { id, type: "number", step: "any", min: 0 });
    const label = element("label", { for: id }, control.label);
    label.append(element("span", { class: "cs-hidden" }, ` ${unit}`));
    const say = () => {
      const value = stops[slider.value];
      slider.setAttribute("aria-valuetext", `${value.toLocaleString("en")} ${unit}`);
    };
    const read = () => (field.value === "" ? null : Number(field.value));
    const follow = () => {
      const value = read() ?? 0;
      const distance = (n) => Math.abs(Math.log1p(stops[n]) - Math.log1p(value));
      let nearest = 0;
      for (let n = 1; n < stops.length; n += 1) if (distance(n) < distance(nearest)) nearest = n;
      slider.value = nearest;
      say();
    };
    slider.addEventListener("input", () => {
      field.value = stops[slider.value];
      say();
      changed();
    });
    field.addEventListener("input", () => {
      if (read() === null) return; // still being typed
      follow();
      changed();
    });
    field.addEventListener("change", changed);
    return {
      row: [label, slider, field, element("span", { "aria-hidden": "true" }, unit)],
      read,
      set(value) {
        if (read() !== value) field.value = value;
        follow();
      },
    };
  },
  choice(control, id, changed) {
    const options = control.options.map(([value, words]) => element("option", { value }, words));
    const select = element("select", { id }, ...options);
    select.addEventListener("change", changed);
    return {
      row: [element("label", { for: id }, control.label), select],
      read: () => select.value,
      set: (value) => {
        select.value = value;
      },
    };
  },
  switch(control, id, changed) {
    const box = element("input", { id, type: "checkbox" });
    box.addEventListener("change", changed);
    return {
      row: [element("label", { for: id }, control.label), box],
      read: () => box.checked,
      set: (value) => {
        box.checked = value;
      },
    };
  },
};

export default {
  render({ model, el }) {
    views += 1;
    const prefix = `cs-explorer-${views}-${Math.random().toString(36).slice(2, 8)}`;
    let serial = 0;
    let pending = null; // runs until the values are sent
    let awaited = null; // the request whose answer is awaited, and its timer
    let sentLast = ""; // the values as they were sent last
    let htmlShown = ""; // the answer as it stands in the page

    const made = model.get("controls").map((control, n) => ({
      name: control.name,
      ...kinds[control.kind](control, `${prefix}-${n}`, changed),
    }));
    const title = element("h3", { id: `${prefix}-title`, class: "cs-title" }, model.get("title"));
    const status = element("p", { class: "cs-finding", role: "status", "aria-live": "polite" });
    const problem = element("p", { class: "cs-problem", role: "status", "aria-live": "polite" });
    const output = element("div", { class: "cs-answer" });
    const root = element(
      "section",
      {
        class: "cs-explorer",
        "aria-labelledby": title.id,
        // JupyterLab's shortcuts stay out of what is typed and chosen in here.
        "data-lm-suppress-shortcuts": "true",
      },
      title,
      element(
        "div",
        { class: "cs-controls" },
        ...made.map(({ row }) => element("div", { class: "cs-row" }, ...row)),
      ),
      status,
      problem,
      output,
    );
    for (const type of ["keydown", "keypress", "keyup"]) {
      root.addEventListener(type, (event) => event.stopPropagation());
    }

    function changed() {
      pending ??= setTimeout(send, DEBOUNCE_MS);
    }

    function send() {
      pending = null;
      if (awaited) return; // the answer sends what has changed since
      const values = Object.fromEntries(made.map(({ name, read }) => [name, read()]));
      if (JSON.stringify(values) === sentLast) return;
      sentLast = JSON.stringify(values);
      serial += 1;
      const token = `${prefix}-${serial}`;
      awaited = { token, timer: setTimeout(() => fail(), REPLY_MS) };
      try {
        model.send({ serial: token, values });
      } catch {
        fail();
      }
    }

    function fail() {
      if (awaited) clearTimeout(awaited.timer);
      awaited = null;
      sentLast = "";
      problem.textContent = NO_REPLY;
    }

    function show() {
      const shown = model.get("shown");
      const mine = awaited && shown.serial === awaited.token;
      if (mine) {
        clearTimeout(awaited.timer);
        awaited = null;
      } else if (!awaited) {
        for (const { name, set } of made) set(shown.values[name]);
        sentLast = "";
      }
      if (problem.textContent !== shown.error) problem.textContent = shown.error;
      if (!shown.error && htmlShown !== shown.html) {
        const open = output.querySelector("details")?.open ?? false;
        if (status.textContent !== shown.finding) status.textContent = shown.finding;
        output.innerHTML = htmlShown = shown.html;
        output.querySelector("details").open = open;
      }
      if (mine) changed();
    }

    show();
    model.on("change:shown", show);
    el.append(root);
    return () => {
      clearTimeout(pending);
      if (awaited) clearTimeout(awaited.timer);
      model.off("change:shown", show);
    };
  },
};
