// The tail of all functions' logs, or of the chosen function's.

const ILL = /^\[ERROR\]|Task timed out|"level": ?"(ERROR|FATAL)"|"errorType"|Status: (timeout|error)/;
const OURS = /^(START|END|REPORT|INIT_START|INIT_REPORT|RESTORE_START|RESTORE_REPORT) |^\{"time":.*"type":"platform\./;

function logTail(known, id) {
  const list = element("div", {
    class: "cs-scroll cs-log",
    role: "log",
    tabindex: "0",
    "aria-live": "off",
    "aria-label": "Log, newest last",
  });
  const follow = element("input", { id: `${id}-follow`, type: "checkbox" });
  const filter = element("input", { id: `${id}-filter`, type: "search", autocomplete: "off" });
  const note = element("span", { class: "cs-note" });
  follow.checked = true;
  const node = element(
    "div",
    { class: "cs-fill" },
    element(
      "div",
      { class: "cs-tools" },
      element("label", { for: filter.id }, "Filter"),
      filter,
      element("label", { class: "cs-check", for: follow.id }, follow, "Follow"),
      note,
    ),
    list,
  );

  const wanted = (line) => {
    const chosen = known.functions.get(known.selected);
    if (known.selected && line.group !== chosen?.group) return false;
    return line.text.toLowerCase().includes(filter.value.toLowerCase());
  };
  const row = ({ at, group, text }) => {
    const name = group.replace("/aws/lambda/", "");
    const kind = ILL.test(text) ? "cs-ill" : OURS.test(text) ? "cs-ours" : "";
    return element(
      "div",
      { class: `cs-line ${kind}` },
      element("span", { class: "cs-at" }, at),
      element("span", { class: "cs-group" }, name),
      element("span", { class: "cs-text" }, text),
    );
  };
  const toEnd = () => {
    if (follow.checked) list.scrollTop = list.scrollHeight;
  };
  const draw = () => {
    if (known.newLines) {
      list.append(...known.newLines.filter(wanted).map(row));
      while (list.childElementCount > KEPT.lines) list.firstElementChild.remove();
    } else {
      list.replaceChildren(...known.lines.filter(wanted).map(row));
    }
    known.newLines = [];
    const count = list.childElementCount;
    const narrowed = filter.value || known.selected;
    write(note, narrowed ? `${counted.format(count)} of ${plural(known.lines.length, "line")}` : "");
    toEnd();
  };
  const again = () => {
    known.newLines = null;
    draw();
  };
  filter.addEventListener("input", again);
  follow.addEventListener("change", toEnd);
  list.addEventListener("wheel", ({ deltaY }) => {
    if (deltaY < 0) follow.checked = false;
  });
  list.addEventListener("keydown", ({ key }) => {
    if (["ArrowUp", "PageUp", "Home"].includes(key)) follow.checked = false;
  });
  return { node, draw };
}
