// Invocations, throttles and events given up, newest on top.

const OUTCOMES = {
  ok: ["✓", "succeeded"],
  failed: ["✗", "failed"],
  throttled: ["⊘", "throttled"],
  "given up": ["■", "given up"],
};

function recordTable(known) {
  const { node: box, body } = table(
    "Invocations, newest first",
    [
      ["Lab time", ""],
      ["Function", ""],
      ["Outcome", ""],
      ["Start", ""],
      ["Duration", "cs-n"],
      ["Memory", "cs-n"],
      ["Invoked", ""],
      ["Request id", ""],
    ],
    "cs-records",
  );
  const note = element("p", { class: "cs-note" });
  const node = element("div", { class: "cs-fill" }, box, note);

  const line = (row) => {
    const [mark, word] = OUTCOMES[row.outcome] ?? ["", row.outcome];
    const how = [row.how, row.caller && `by ${row.caller}`].filter(Boolean).join(" ");
    const start = row.cold === undefined ? "" : row.cold ? "cold" : "warm";
    const outcome = element(
      "td",
      { class: `cs-outcome cs-${row.outcome.replace(" ", "-")}` },
      element("span", { "aria-hidden": "true" }, mark),
      ` ${word}${row.detail ? `: ${row.detail}` : ""}`,
    );
    return element(
      "tr",
      {},
      element("td", {}, row.at),
      element("td", {}, row.name),
      outcome,
      element("td", { class: start === "cold" ? "cs-cold" : "" }, start),
      element("td", { class: "cs-n" }, row.ms === undefined ? "" : `${decimal.format(row.ms)} ms`),
      element("td", { class: "cs-n" }, row.mb === undefined ? "" : `${counted.format(row.mb)} MB`),
      element("td", {}, how),
      element("td", { class: "cs-id" }, row.id),
    );
  };
  return {
    node,
    draw() {
      const ours = (row) => !known.selected || row.arn === known.selected;
      if (known.newRows) {
        body.prepend(...known.newRows.filter(ours).reverse().map(line));
        while (body.childElementCount > KEPT.rows) body.lastElementChild.remove();
      } else {
        body.replaceChildren(...known.rows.filter(ours).reverse().map(line));
      }
      known.newRows = [];
      box.hidden = !body.childElementCount;
      const empty = "Nothing has been invoked yet: what happens appears here as it comes.";
      write(note, box.hidden ? empty : `The last ${KEPT.rows} of all functions are kept here.`);
    },
  };
}
