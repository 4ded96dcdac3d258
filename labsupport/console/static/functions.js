// The table of functions; a function's button shows its invocations and its log alone.

const MOST_FUNCTIONS = 100;
const MANY_FUNCTIONS = 8;

function functionTable(known, id, select) {
  const { node: box, body } = table(
    "Functions",
    [
      ["Function", ""],
      ["State", ""],
      ["In use", ""],
      ["Succeeded", "cs-n"],
      ["Failed", "cs-n"],
      ["Throttled", "cs-n"],
      ["Memory", "cs-n"],
      ["Timeout", "cs-n"],
      ["Runtime", ""],
    ],
    "cs-functions",
  );
  const shown = new Map();
  const field = element("input", { id: `${id}-find`, type: "search", autocomplete: "off" });
  const find = element(
    "div",
    { class: "cs-find" },
    element("label", { for: field.id }, "Find a function"),
    field,
  );
  const note = element("p", { class: "cs-note" });
  const node = element("div", {}, find, box, note);

  const make = (arn) => {
    const button = element("button", { type: "button", class: "cs-name" });
    button.addEventListener("click", () => select(known.selected === arn ? "" : arn));
    const fill = element("span");
    const use = element("span", { class: "cs-use" });
    const bar = element("span", { class: "cs-meter", "aria-hidden": "true" }, fill);
    const cells = ["", "", "cs-n", "cs-n", "cs-n", "cs-n", "cs-n", ""].map((kind) =>
      element("td", { class: kind }),
    );
    cells[1].append(bar, use);
    const row = element("tr", {}, element("th", { scope: "row" }, button), ...cells);
    return { node: row, button, cells, fill, use, bar };
  };
  const change = (made, row) => {
    write(made.button, row.region ? `${row.name} (${row.region})` : row.name);
    const [state, , ...others] = made.cells;
    const [memory, timeout, runtime] = others.splice(3);
    write(state, row.state);
    write(runtime, row.runtime);
    write(memory, `${counted.format(row.memory)} MB`);
    write(timeout, `${row.timeout} s`);
    const reserved = row.reserved !== null;
    made.bar.style.visibility = reserved ? "" : "hidden";
    const share = row.reserved ? Math.min(1, row.running / row.reserved) : 0;
    made.fill.style.width = `${share * 100}%`;
    write(made.use, reserved ? `${row.running} of ${row.reserved}` : `${row.running}`);
    others.forEach((cell, n) => {
      write(cell, counted.format(row.counts[n]));
      cell.classList.toggle("cs-some", row.counts[n] > 0 && n > 0);
    });
  };
  const draw = () => {
    const wanted = field.value.trim().toLowerCase();
    const all = [...known.functions.entries()];
    const found = all.filter(([, row]) => row.name.toLowerCase().includes(wanted));
    keep(body, found.slice(0, MOST_FUNCTIONS), shown, make, change);
    for (const [arn, made] of shown) {
      made.button.setAttribute("aria-pressed", String(arn === known.selected));
      made.node.classList.toggle("cs-chosen", arn === known.selected);
    }
    find.hidden = all.length <= MANY_FUNCTIONS;
    box.hidden = !found.length;
    const more = found.length - MOST_FUNCTIONS;
    let words = more > 0 ? `${plural(more, "more function")}: find one by a part of its name.` : "";
    if (!all.length) words = "No functions yet: they appear here when they are created.";
    else if (!found.length) words = "No function has this in its name.";
    write(note, words);
    note.hidden = !words;
  };
  field.addEventListener("input", draw);
  return { node, draw };
}
