// Queues and streams with their depth, and what is in queues of dead letters.

function depthTables(known) {
  const queues = table("Queues", [
    ["Queue", ""],
    ["Kind", ""],
    ["Waiting", "cs-n"],
    ["In flight", "cs-n"],
    ["Delayed", "cs-n"],
    ["Read by", ""],
  ]);
  const streams = table("Streams", [
    ["Stream", ""],
    ["Kind", ""],
    ["Records", "cs-n"],
    ["Not yet read", "cs-n"],
    ["Read by", ""],
  ]);
  const note = element("p", { class: "cs-note" }, "No queues or streams yet.");
  const node = element("div", { class: "cs-fill cs-depths" }, queues.node, streams.node, note);
  const kinds = [
    [queues, "queues", ["kind", "waiting", "in_flight", "delayed", "readers"], new Map()],
    [streams, "streams", ["kind", "records", "unread", "readers"], new Map()],
  ];
  const words = (value) => {
    if (Array.isArray(value)) return value.join(", ") || "–";
    if (typeof value === "number") return counted.format(value);
    return value ?? "–";
  };
  return {
    node,
    draw() {
      for (const [{ node: box, body }, name, members, shown] of kinds) {
        const make = () => {
          const head = element("th", { scope: "row" });
          const cells = members.map((member) =>
            element("td", { class: member === "kind" || member === "readers" ? "" : "cs-n" }),
          );
          return { node: element("tr", {}, head, ...cells), head, cells };
        };
        keep(body, [...known[name].entries()], shown, make, (made, row) => {
          write(made.head, row.region ? `${row.name} (${row.region})` : row.name);
          members.forEach((member, n) => write(made.cells[n], words(row[member])));
        });
        box.hidden = !known[name].size;
      }
      note.hidden = known.queues.size + known.streams.size > 0;
    },
  };
}

function deadLetters(known) {
  const list = element("div", {
    class: "cs-scroll cs-letters",
    role: "region",
    tabindex: "0",
    "aria-label": "Dead letters",
  });
  const note = element("p", { class: "cs-note" });
  const node = element("div", { class: "cs-fill" }, list, note);
  const shown = new Map();

  const letter = (_, { id, body, attributes, received }) => {
    const facts = [...Object.entries(attributes), ["Received", plural(received, "time")]];
    const about = attributes.ErrorMessage ? `${attributes.ErrorMessage}: ` : "";
    const rows = facts.flatMap(([name, value]) => [
      element("dt", {}, name),
      element("dd", {}, value),
    ]);
    return {
      node: element(
        "details",
        {},
        element("summary", {}, `${about}${body}`.slice(0, 120)),
        element("dl", {}, element("dt", {}, "Message id"), element("dd", {}, id), ...rows),
        element("pre", {}, body),
      ),
    };
  };
  const make = () => {
    const head = element("h4", {});
    const inner = element("div");
    const more = element("p", { class: "cs-note" });
    return { node: element("div", {}, head, inner, more), head, inner, more, letters: new Map() };
  };
  const change = (made, { name, count, messages }) => {
    write(made.head, `${name}: ${plural(count, "message")}`);
    const entries = messages.map((each) => [`${each.id} ${each.received}`, each]);
    keep(made.inner, entries, made.letters, letter, () => {});
    const left = count - messages.length;
    write(made.more, left > 0 ? `${plural(left, "more message")}.` : "");
    made.more.hidden = left <= 0;
  };
  return {
    node,
    get count() {
      return [...known.letters.values()].reduce((sum, { count }) => sum + count, 0);
    },
    draw() {
      keep(list, [...known.letters.entries()], shown, make, change);
      list.hidden = !known.letters.size;
      note.hidden = known.letters.size > 0;
      write(note, "No dead-letter queue yet: what failed for good is looked for there.");
    },
  };
}
