// The last minute, second by second: what went well and what failed above the line, throttles below.

const SPAN_S = 60;
const WIDE = 600;
const HIGH = 64;
const BELOW = 16;

function drawn(tag, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function activityChart(known) {
  const paths = ["ok", "failed", "throttled"].map((name) =>
    drawn("path", { class: `cs-bar-${name}` }),
  );
  const line = drawn("path", { class: "cs-base", d: `M0 ${HIGH}.5H${WIDE}` });
  const picture = drawn("svg", {
    class: "cs-picture",
    viewBox: `0 0 ${WIDE} ${HIGH + BELOW + 1}`,
    preserveAspectRatio: "none",
    role: "img",
  });
  picture.append(...paths, line);
  const most = element("span", { class: "cs-most", "aria-hidden": "true" });
  const node = element(
    "div",
    { class: "cs-activity" },
    picture,
    most,
    element("span", { class: "cs-ago", "aria-hidden": "true" }, "a minute ago"),
    element("span", { class: "cs-now", "aria-hidden": "true" }, "now"),
  );
  const bar = (place, y, height) => `M${place * 10 + 1} ${y.toFixed(1)}h8v${height.toFixed(1)}h-8z`;

  return {
    node,
    // Draws and says whether there is anything that moves with time.
    draw() {
      const end = Math.floor(Date.now() / 1000);
      for (const second of known.activity.keys()) {
        if (second <= end - SPAN_S) known.activity.delete(second);
      }
      const all = [...known.activity.entries()];
      const top = Math.max(4, ...all.map(([, n]) => n[0] + n[1]));
      const deep = Math.max(4, ...all.map(([, n]) => n[2]));
      const sums = [0, 0, 0];
      const shapes = ["", "", ""];
      for (const [second, n] of all) {
        const place = Math.min(SPAN_S - 1, SPAN_S - 1 - (end - second));
        n.forEach((count, which) => {
          sums[which] += count;
        });
        const well = (n[0] / top) * HIGH;
        const ill = (n[1] / top) * HIGH;
        if (n[0]) shapes[0] += bar(place, HIGH - well, well);
        if (n[1]) shapes[1] += bar(place, HIGH - well - ill, ill);
        if (n[2]) shapes[2] += bar(place, HIGH + 1, (n[2] / deep) * BELOW);
      }
      paths.forEach((path, which) => path.setAttribute("d", shapes[which]));
      write(most, all.length ? `${counted.format(top)} a second` : "");
      picture.setAttribute(
        "aria-label",
        `The last minute: ${counted.format(sums[0])} succeeded, ` +
          `${counted.format(sums[1])} failed, ${counted.format(sums[2])} throttled.`,
      );
      return all.length > 0;
    },
  };
}

// Four numbers, which are the picture's legend as well.
function tiles(known) {
  const made = [
    ["ok", "succeeded"],
    ["failed", "failed"],
    ["throttled", "throttled"],
    ["running", "running now"],
  ].map(([name, words]) => {
    const number = element("span", { class: "cs-figure" }, "0");
    return { number, node: element("div", { class: `cs-tile cs-${name}` }, number, words) };
  });
  return {
    node: element("div", { class: "cs-tiles" }, ...made.map(({ node }) => node)),
    draw() {
      [...known.totals, known.running].forEach((count, n) => {
        write(made[n].number, counted.format(count));
      });
    },
  };
}
