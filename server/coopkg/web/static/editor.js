// The query editor: colours behind the textarea, completion from the graph, Ctrl+Enter. The textarea stays a textarea.

const area = document.querySelector("textarea[data-sparql]");
const box = area.parentElement;
const paint = document.createElement("pre");
paint.className = "paint";
paint.setAttribute("aria-hidden", "true");
box.prepend(paint);
box.classList.add("live");

const LEXICON = /(#[^\n]*)|("""[^]*?"""|'''[^]*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|<[^<>"{}|^`\\\s]*>)|([?$]\w+)|\b(prefix|base|select|distinct|reduced|construct|describe|ask|from|named|where|optional|minus|union|graph|service|silent|filter|bind|values|as|group|by|having|order|asc|desc|limit|offset|exists|not|in|count|sum|min|max|avg|sample|group_concat|lang|langmatches|str|bound|if|coalesce|regex|contains|strstarts|lcase|ucase|year|true|false|undef|a)\b/gi;
const CLASSES = ["c", "s", "v", "k"];

// Give the offset at which a line and column (both from 1) stand.
const offsetOf = (line, column) => area.value.split("\n").slice(0, line - 1).reduce((n, text) => n + text.length + 1, 0) + column - 1;

const span = (name, text) => {
  const made = document.createElement("span");
  made.className = name;
  made.textContent = text;
  return made;
};

const colour = (text) => {
  const parts = [];
  let last = 0;
  for (const found of text.matchAll(LEXICON)) {
    parts.push(text.slice(last, found.index), span(CLASSES[found.slice(1).findIndex(Boolean)], found[0]));
    last = found.index + found[0].length;
  }
  parts.push(text.slice(last));
  return parts;
};

let fault = area.dataset.line ? offsetOf(Number(area.dataset.line), Number(area.dataset.column)) : -1;

const draw = () => {
  const text = area.value;
  const end = fault < 0 ? 0 : fault + Math.max(1, /^[\w:?$]*/.exec(text.slice(fault))[0].length);
  const parts = fault < 0 ? colour(text)
    : [...colour(text.slice(0, fault)), span("e", text.slice(fault, end) || " "), ...colour(text.slice(end))];
  paint.replaceChildren(...parts, "\n");
  paint.scrollTop = area.scrollTop;
};

const list = document.createElement("ul");
list.className = "choices";
list.id = "choices";
list.role = "listbox";
list.setAttribute("aria-label", area.dataset.choices);
list.hidden = true;
box.append(list);
area.setAttribute("aria-autocomplete", "list");
let chosen = -1;
let timer = 0;
let asked = 0;

const close = () => {
  list.hidden = true;
  chosen = -1;
  area.removeAttribute("aria-activedescendant");
  area.removeAttribute("aria-controls");
};

const word = () => /[\w:.\-\u0400-\u04ff]*$/.exec(area.value.slice(0, area.selectionStart))[0];

// Put a choice in place of the word before the caret, and declare its prefix where the text does not.
const take = (entry) => {
  const at = area.selectionStart;
  area.setRangeText(entry.text, at - word().length, at, "end");
  const [prefix, local] = entry.text.split(":");
  if (!entry.text.startsWith("<") && !new RegExp(`prefix\\s+${prefix}:`, "i").test(area.value)) {
    const declared = `PREFIX ${prefix}: <${local ? entry.iri.slice(0, -local.length) : entry.iri}>\n`;
    const caret = area.selectionStart + declared.length;
    area.setRangeText(declared, 0, 0);
    area.setSelectionRange(caret, caret);
  }
  close();
  draw();
  area.focus();
};

const choose = (step) => {
  const items = [...list.children];
  items[chosen]?.setAttribute("aria-selected", "false");
  chosen = (chosen + step + items.length) % items.length;
  items[chosen].setAttribute("aria-selected", "true");
  items[chosen].scrollIntoView({ block: "nearest" });
  area.setAttribute("aria-activedescendant", items[chosen].id);
};

const offer = (entries) => {
  list.replaceChildren(...entries.map((entry, number) => {
    const item = document.createElement("li");
    item.role = "option";
    item.id = `choice-${number}`;
    item.setAttribute("aria-selected", "false");
    const note = document.createElement("small");
    note.textContent = entry.label || entry.kind;
    if (entry.label && entry.language) note.lang = entry.language;
    item.append(note, entry.text);
    item.addEventListener("mousedown", (event) => { event.preventDefault(); take(entry); });
    return item;
  }));
  list.entries = entries;
  chosen = -1;
  if (entries.length === 0) { close(); return; }
  const style = getComputedStyle(area);
  const line = area.value.slice(0, area.selectionStart).split("\n").length;
  const top = parseFloat(style.paddingTop) + line * parseFloat(style.lineHeight) - area.scrollTop;
  list.style.top = `${Math.min(Math.max(top, 0), area.clientHeight) + 4}px`;
  list.hidden = false;
  area.setAttribute("aria-controls", list.id);
};

const complete = async () => {
  const wanted = word();
  const mine = ++asked;
  if (wanted.length < 2) { close(); return; }
  const language = document.documentElement.lang;
  const answer = await fetch(`${area.dataset.complete}?q=${encodeURIComponent(wanted)}&lang=${language}`);
  if (mine !== asked || document.activeElement !== area) return;
  if (answer.ok) offer(await answer.json());
  else if (answer.status === 503) timer = setTimeout(complete, 1000 * (Number(answer.headers.get("Retry-After")) || 1));
};

area.addEventListener("input", () => {
  fault = -1;
  asked += 1;  // what is on its way was asked for another word, and what is listed too: neither may be taken for this one
  close();
  draw();
  clearTimeout(timer);
  timer = setTimeout(complete, 120);
});
area.addEventListener("scroll", () => { paint.scrollTop = area.scrollTop; close(); });
area.addEventListener("blur", close);
area.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    area.form.requestSubmit();
  } else if (!list.hidden && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    choose(event.key === "ArrowDown" ? 1 : chosen < 0 ? 0 : -1);
  } else if (!list.hidden && event.key === "Enter" && chosen >= 0) {
    event.preventDefault();
    take(list.entries[chosen]);
  } else if (!list.hidden && event.key === "Escape") {
    event.preventDefault();
    close();
  }
});

// A long query is posted: an address has its limits.
area.form.addEventListener("submit", () => { area.form.method = area.value.length > 6000 ? "post" : "get"; });
new ResizeObserver(draw).observe(area);
draw();
if (fault >= 0) { area.focus(); area.setSelectionRange(fault, fault); }
else if (document.activeElement === area && area.value !== area.defaultValue) complete();  // typed before this was here
