// The page's half of the lab's console; labsupport/console/widget.py joins these files and is the
// kernel's half. All that comes from the lab is set as text, never as HTML.

const KEPT = { rows: 100, lines: 300 };
const counted = new Intl.NumberFormat("en");
const decimal = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

let views = 0;

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function plural(count, word) {
  return `${counted.format(count)} ${word}${count === 1 ? "" : "s"}`;
}

// A table whose head and caption stay; it scrolls in a box that the tab key reaches.
function table(caption, heads, more = "") {
  const body = element("tbody");
  const cells = heads.map(([name, kind]) => element("th", { scope: "col", class: kind }, name));
  const node = element(
    "div",
    { class: `cs-scroll ${more}`, role: "region", tabindex: "0", "aria-label": caption },
    element(
      "table",
      {},
      element("caption", { class: "cs-hidden" }, caption),
      element("thead", {}, element("tr", {}, ...cells)),
      body,
    ),
  );
  return { node, body };
}

// Let the children of a node be those of the entries, in order; what stays is changed in place.
function keep(node, entries, known, make, change) {
  let at = node.firstChild;
  const wanted = new Set(entries.map(([key]) => key));
  for (const [key, made] of known) {
    if (wanted.has(key)) continue;
    if (made.node === at) at = at.nextSibling;
    made.node.remove();
    known.delete(key);
  }
  for (const [key, value] of entries) {
    let made = known.get(key);
    if (!made) {
      made = make(key, value);
      known.set(key, made);
    }
    if (made.value !== value) change(made, value);
    made.value = value;
    if (made.node === at) at = at.nextSibling;
    else node.insertBefore(made.node, at);
  }
}

// What is known of the lab. `changed` has the names of what has to be drawn again.
class Known {
  constructor(state) {
    this.changed = new Set();
    this.selected = "";
    this.replace(state);
  }

  replace(state) {
    this.region = state.region ?? "";
    for (const name of ["functions", "queues", "streams", "letters"]) {
      this[name] = new Map(Object.entries(state[name]?.set ?? {}));
      this.changed.add(name);
    }
    this.rows = state.rows ?? [];
    this.lines = state.lines ?? [];
    this.activity = new Map(Object.entries(state.activity ?? {}).map(([s, n]) => [Number(s), n]));
    this.newRows = this.newLines = null; // null: all are to be drawn
    for (const name of ["rows", "lines", "activity", "status"]) this.changed.add(name);
    this.totals = state.totals ?? [0, 0, 0];
    this.dropped = state.dropped ?? 0;
    this.stopped = state.stopped ?? false;
    this.serial = state.serial ?? 0;
  }

  update(told) {
    this.serial = told.serial;
    for (const name of ["functions", "queues", "streams", "letters"]) {
      if (!told[name]) continue;
      for (const key of told[name].gone) this[name].delete(key);
      for (const [key, row] of Object.entries(told[name].set)) this[name].set(key, row);
      this.changed.add(name);
    }
    this.append("rows", "newRows", told.rows);
    this.append("lines", "newLines", told.lines);
    for (const [second, n] of Object.entries(told.activity ?? {})) {
      this.activity.set(Number(second), n);
      this.changed.add("activity");
    }
    for (const name of ["totals", "dropped", "stopped"]) {
      if (told[name] === undefined) continue;
      this[name] = told[name];
      this.changed.add("status");
    }
  }

  append(name, fresh, more) {
    if (!more?.length) return;
    this[name] = [...this[name], ...more].slice(-KEPT[name]);
    if (this[fresh]) this[fresh] = [...this[fresh], ...more].slice(-KEPT[name]);
    this.changed.add(name);
  }

  get running() {
    let sum = 0;
    for (const each of this.functions.values()) sum += each.running;
    return sum;
  }
}
