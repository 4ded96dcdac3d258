// The page's half of the course's map; course/map_widget.py is the kernel's half.

const PATIENCE_MS = 4000;

function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// In JupyterLab a notebook beside this one opens in a tab, as a link in text would do it.
function lead(link) {
  const folder = /\/tree\/(.*\/)?[^/]*$/.exec(window.location.pathname);
  const name = link.getAttribute("href");
  if (!folder || !/^[\w-]+\.ipynb$/.test(name)) return;
  const path = decodeURIComponent(folder[1] ?? "") + name;
  link.setAttribute("data-commandlinker-command", "docmanager:open");
  link.setAttribute("data-commandlinker-args", JSON.stringify({ path }));
}

function save(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = element("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

function render({ model, el }) {
  const advice = element("p", { class: "cs-map-advice" });
  const map = element("div", {});
  const reminder = element("p", { class: "cs-map-reminder" });
  const said = element("p", { class: "cs-map-said", role: "status" });
  const download = element("button", { type: "button" }, "Download my progress");
  const upload = element("button", { type: "button" }, "Upload progress");
  const file = element("input", {
    type: "file",
    accept: ".json,application/json",
    class: "cs-map-file",
    tabindex: "-1",
    "aria-label": "A progress file to upload",
  });
  const root = element(
    "section",
    { class: "cs-map", "aria-label": "Your progress", "data-lm-suppress-shortcuts": "true" },
    advice,
    reminder,
    element("p", { class: "cs-map-buttons" }, download, upload, file),
    said,
    map,
  );

  let waiting;
  const ask = (message) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      said.textContent = "Python does not answer yet: it is busy, or was shut down. " +
        "If it stays so, run this cell again.";
    }, PATIENCE_MS);
    model.send(message);
  };
  const show = () => {
    clearTimeout(waiting);
    map.innerHTML = model.get("html");
    advice.innerHTML = model.get("advice");
    reminder.textContent = model.get("reminder");
    reminder.hidden = !model.get("reminder");
    if (said.textContent !== model.get("said")) said.textContent = model.get("said");
  };
  const receive = (message) => {
    clearTimeout(waiting);
    if (message.type === "file") save(message.name, message.text);
  };
  download.addEventListener("click", () => ask({ type: "download" }));
  upload.addEventListener("click", () => file.click());
  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    if (chosen) ask({ type: "upload", name: chosen.name, text: await chosen.text() });
    file.value = "";
  });
  root.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (link) lead(link);
  });
  for (const type of ["keydown", "keypress", "keyup"]) {
    root.addEventListener(type, (event) => event.stopPropagation());
  }
  const traits = ["change:html", "change:advice", "change:reminder", "change:said"];
  for (const trait of traits) model.on(trait, show);
  model.on("msg:custom", receive);

  let hidden = false;
  const watch = new IntersectionObserver(([entry]) => {
    if (entry.isIntersecting && hidden) model.send({ type: "refresh" });
    hidden = !entry.isIntersecting;
  });
  show();
  watch.observe(root);
  el.append(root);
  return () => {
    clearTimeout(waiting);
    watch.disconnect();
    for (const trait of traits) model.off(trait, show);
    model.off("msg:custom", receive);
  };
}

export default { render };
