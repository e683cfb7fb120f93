// What a page can do more of where scripts run. Nothing depends on it, and nothing is built from text as HTML.

const copyButton = (target) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = target.dataset.copy;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(target.textContent);
    button.textContent = target.dataset.copied;
    setTimeout(() => { button.textContent = target.dataset.copy; }, 2000);
  });
  return button;
};

if (navigator.clipboard) {
  for (const target of document.querySelectorAll("[data-copy]")) target.before(copyButton(target));
}

// A mark in a drawing and its row in the table twin light up together.
for (const mark of document.querySelectorAll("svg [data-row]")) {
  const row = document.getElementById(mark.dataset.row);
  if (!row) continue;
  const light = (on) => () => { row.classList.toggle("lit", on); mark.classList.toggle("lit", on); };
  for (const item of [mark, row]) {
    item.addEventListener("pointerenter", light(true));
    item.addEventListener("pointerleave", light(false));
  }
}

if (!CSS.supports("selector(::details-content)") && matchMedia("(min-width: 60rem)").matches) {
  for (const gallery of document.querySelectorAll(".gallery > details")) gallery.open = true;
}

if (document.querySelector("textarea[data-sparql]")) import(document.querySelector("textarea[data-sparql]").dataset.sparql);
