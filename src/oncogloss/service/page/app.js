// State, keys and calls of the page. What is shown is made in views.js.

import { call, get, Refusal } from "/page/calls.js";
import * as edit from "/page/edit.js";
import { element } from "/page/marks.js";
import { pageOf, pagesView, places } from "/page/pages.js";
import { changesView, comparedView, criteriaView, factsView, jump, summaryView, textView } from "/page/views.js";

const $ = (id) => document.getElementById(id);
const state = { source: "", kind: "text/plain", found: null, view: "Text", selected: null, hidden: new Set(), older: null, page: 1 };
const VIEWS = {
  Text: () => textView(state.found),
  Criteria: () => criteriaView(state.found),
  Facts: () => factsView(state.found),
  Summary: () => summaryView(state.found),
  Changes: changesTab,
  Models: modelsTab,
  Pages: () => pagesView(state.found, state.source, state.page, { guarded, turn, ready: () => select(state.selected) }),
};
const hasPages = () => state.found?.document.layout?.length > 0 && state.kind === "application/octet-stream";
const EXAMPLE = `Inclusion Criteria:
- Histologically confirmed metastatic non-small cell lung cancer (NSCLC) with KRAS G12C mutation
- Progression on or after prior anti-PD-1 or anti-PD-L1 therapy
- ECOG performance status 0-1
- Absolute neutrophil count (ANC) >= 1.5 x 10^9/L; creatinine <= 1.5 x ULN
Exclusion Criteria:
- Active central nervous system metastases
- Prior treatment with a KRAS inhibitor
- Any systemic anticancer therapy within 21 days before the first dose, unless hormonal therapy
- Significant cardiovascular disease, such as myocardial infarction within 6 months`;

function say(words, wrong = false) {
  $("status").textContent = words;
  $("status").classList.toggle("wrong", wrong);
}

async function guarded(work) {
  try {
    return await work();
  } catch (error) {
    say(error instanceof Refusal ? error.message : "The service cannot be reached; is it still running?", true);
    return null;
  }
}

function kindOf(name, bytes) {
  const head = new TextDecoder().decode(bytes.slice(0, 200)).trimStart();
  if (head.startsWith("%PDF-") || head.startsWith("PK")) return "application/octet-stream";
  return isJson(head, bytes) ? "application/json" : head.startsWith("<") ? "application/xml" : "text/plain";
}

function isJson(head, bytes) {
  if (!head.startsWith("{") && !head.startsWith("[")) return false;
  try {
    return Boolean(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return false;
  }
}

async function read(bytes = new TextEncoder().encode($("source").value), name = "") {
  if (!bytes.length) return say("Paste a text or open a file first.", true);
  say("Reading …");
  const kind = kindOf(name, bytes);
  const begun = performance.now();
  const answer = await guarded(() => call(`/v1/view?model=${encodeURIComponent($("model").value)}`, { body: bytes, kind }));
  if (!answer) return;
  edit.leave();
  opened(await answer.json(), bytes, kind);
  const { extraction, document: record } = state.found;
  say(`${record.id}: ${extraction.mentions.length} mentions, ${extraction.relations.length} relations, ${extraction.criteria.length} criteria in ${Math.round(performance.now() - begun)} ms.`);
}

function opened(found, source, kind) {
  Object.assign(state, { source, kind, found, selected: null, page: 1 });
  $("input").open = false;
  for (const id of ["tabs", "layout"]) $(id).hidden = false;
  $("format").disabled = $("correct").disabled = false;
  show(state.view);
}

// A record under review as it is now; it takes the place of what was read.
function adopt(review, selected) {
  const words = JSON.stringify(plain(review.document));
  if (!state.found || JSON.stringify(plain(state.found.document)) !== words) opened(review, new TextEncoder().encode(words), "application/json");
  state.found = review;
  state.selected = selected;
  show(state.view);
  say(`${review.document.id}, reviewed by ${review.reviewer}: ${review.extraction.mentions.length} mentions; ${review.state}.`);
}

const plain = (record) => ({ id: record.id, passages: Object.fromEntries(record.passages.map((p) => [p.name, p.text])) });

function turn(number) {
  const held = document.activeElement?.id;
  if (pageOf(state.found, state.selected) !== number) state.selected = null;
  state.page = number;
  show("Pages");
  const control = $(held);
  (control?.disabled ? $("page-number") : control)?.focus();
}

function show(wanted) {
  const view = wanted === "Pages" && !hasPages() ? "Text" : wanted;
  state.view = view;
  if (view === "Pages" && state.selected) state.page = pageOf(state.found, state.selected) ?? state.page;
  for (const tab of $("tabs").children) {
    const chosen = tab.textContent === view;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    tab.hidden = tab.textContent === "Pages" && !hasPages();
  }
  $("main").replaceChildren(...VIEWS[view]().filter(Boolean));
  types();
  if (view === "Criteria") edit.sides();
  select(state.selected, false);
}

function types() {
  const counts = new Map();
  for (const m of state.found.extraction.mentions) counts.set(m.type, (counts.get(m.type) ?? 0) + 1);
  const rows = [...counts].sort((a, b) => b[1] - a[1]).map(([type, n]) => {
    const box = element("input", { type: "checkbox", checked: !state.hidden.has(type) });
    box.addEventListener("change", () => {
      state.hidden[box.checked ? "delete" : "add"](type);
      $("main").classList.toggle(`hide-${type}`, !box.checked);
    });
    return element("label", {}, box, element("i", { class: type }), type.replaceAll("_", " ").toLowerCase(), element("span", {}, String(n)));
  });
  $("types").replaceChildren(element("div", { class: "types" }, rows));
  $("main").className = [...state.hidden].map((type) => `hide-${type}`).join(" ");
}

function select(id, scroll = true) {
  state.selected = id;
  for (const mark of document.querySelectorAll("mark.selected, mark.linked")) mark.classList.remove("selected", "linked");
  $("arcs")?.remove();
  edit.panel();
  const mention = state.found?.extraction.mentions.find((m) => m.id === id);
  if (!mention) return $("detail").replaceChildren(element("p", { class: "note" }, "Choose a mention to see what it is."));
  const relations = state.found.extraction.relations.filter((r) => r.head === id || r.tail === id);
  const marks = [...document.querySelectorAll(`mark[data-id="${CSS.escape(id)}"]`)];
  for (const mark of marks) mark.classList.add("selected");
  const others = relations.map((r) => (r.head === id ? r.tail : r.head));
  const linked = others.map((other) => document.querySelector(`mark[data-id="${CSS.escape(other)}"]`)).filter(Boolean);
  for (const mark of linked) mark.classList.add("linked");
  if (marks[0] && scroll) marks[0].scrollIntoView({ block: "center" });
  if (marks[0]) arcs(marks[0], linked);
  return $("detail").replaceChildren(...detail(mention, relations));
}

function detail(mention, relations) {
  const by = Object.fromEntries(state.found.extraction.mentions.map((m) => [m.id, m]));
  const rows = [["words", mention.text], ["type", [mention.type, ...mention.attributes].join(", ")], ["score", mention.score.toFixed(2)],
    ["place", `${mention.passage.replaceAll("_", " ")}, ${mention.start} to ${mention.end}`]];
  const page = hasPages() ? pageOf(state.found, mention.id) : null;
  if (page) {
    const [other, words] = state.view === "Pages" ? ["Text", "in the text"] : ["Pages", `on page ${page}`];
    rows.push(["show", element("button", { class: "link", type: "button", onclick: () => { show(other); select(mention.id); } }, words)]);
  }
  if (mention.expansion) rows.push(["long form", mention.expansion]);
  const concept = mention.concept;
  if (concept) {
    rows.push(["concept", concept.name], ["id", concept.id], ["found as", `${concept.match}, ${concept.score.toFixed(2)}`]);
    if (concept.drug_class) rows.push(["class", concept.drug_class]);
    if (concept.targets.length) rows.push(["targets", concept.targets.join(", ")]);
    if (concept.members.length) rows.push(["members", concept.members.join(", ")]);
    if (concept.xrefs.length) rows.push(["also", concept.xrefs.join(", ")]);
  }
  const list = element("dl", {}, rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
  const links = relations.map((r) => {
    const out = r.head === mention.id;
    const other = by[out ? r.tail : r.head];
    const words = r.type.replaceAll("_", " ").toLowerCase();
    return element("li", {}, out ? [`${words} `, jump(other.id, other.text)] : [jump(other.id, other.text), ` ${words} this`], ` ${r.score.toFixed(2)}`);
  });
  return [list, links.length ? element("ul", { "aria-label": "Relations" }, links) : element("p", { class: "note" }, "No relations.")];
}

function arcs(from, linked) {
  const frame = $("main").getBoundingClientRect();
  const middle = (mark) => {
    const box = mark.getClientRects()[0] ?? mark.getBoundingClientRect();
    return [box.left + box.width / 2 - frame.left, box.top - frame.top];
  };
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.id = "arcs";
  svg.setAttribute("aria-hidden", "true");
  const [x, y] = middle(from);
  for (const mark of linked) {
    const [u, v] = middle(mark);
    const up = Math.min(y, v) - 14 - Math.min(40, Math.abs(u - x) / 8);
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", `M ${x} ${y} C ${x} ${up}, ${u} ${up}, ${u} ${v}`);
    svg.append(path);
  }
  $("main").append(svg);
}

// To the next or previous mention: of those that are drawn, and in a PDF's pages of those of all pages.
function step(by) {
  const drawn = () => [...document.querySelectorAll("main mark")].map((mark) => mark.dataset.id);
  const ofPages = () => [...places(state.found).keys()].sort((a, b) => pageOf(state.found, a) - pageOf(state.found, b));
  const types = new Map(state.found.extraction.mentions.map((m) => [m.id, m.type]));
  const ids = [...new Set(state.view === "Pages" ? ofPages() : drawn())].filter((id) => !state.hidden.has(types.get(id)));
  if (!ids.length) return;
  const at = ids.indexOf(state.selected);
  const id = ids[at < 0 ? (by > 0 ? 0 : ids.length - 1) : (at + by + ids.length) % ids.length];
  if (state.view === "Pages" && pageOf(state.found, id) !== state.page) {
    state.selected = id;
    show("Pages");
  } else select(id);
}

function changesTab() {
  const file = element("input", { type: "file", "aria-label": "The older version of this record" });
  const place = element("div", {}, ...(state.older ? changesView(state.older) : []));
  file.addEventListener("change", async () => {
    const older = await guarded(async () => recordOf(new Uint8Array(await file.files[0].arrayBuffer()), "older"));
    const newer = older && (await guarded(() => recordOf(state.source, state.found.document.id)));
    const answer = newer && (await guarded(() => call("/v1/diff", { body: JSON.stringify({ old: older, new: newer }) })));
    if (!answer) return;
    state.older = (await answer.json()).changes;
    place.replaceChildren(...changesView(state.older));
  });
  return [element("p", {}, element("label", {}, "Open the older version of this record: ", file)), place];
}

function recordOf(bytes, id) {
  const text = new TextDecoder().decode(bytes);
  try {
    return JSON.parse(text);
  } catch {
    return { id, passages: { eligibility: text } };
  }
}

function modelsTab() {
  const others = [...$("model").options].filter((o) => !o.selected);
  if (!others.length) return [element("p", { class: "note" }, "One model is served; start the service with two to compare them.")];
  const place = element("div");
  const choice = element("select", { "aria-label": "The other model" }, others.map((o) => element("option", { value: o.value }, o.textContent)));
  const compareWith = async () => {
    const answer = await guarded(() => call(`/v1/view?model=${encodeURIComponent(choice.value)}`, { body: state.source, kind: state.kind }));
    if (answer) place.replaceChildren(...comparedView(state.found, await answer.json()));
  };
  choice.addEventListener("change", compareWith);
  compareWith();
  return [element("p", {}, "Beside ", choice), place];
}

async function save(format) {
  const now = edit.reviewed() ? () => get(`/v1/reviews/${state.found.id}/file?format=${format}`)
    : () => call(`/v1/convert?format=${format}&model=${encodeURIComponent($("model").value)}`, { body: state.source, kind: state.kind });
  const answer = await guarded(now);
  if (!answer) return;
  await keep(answer);
}

async function keep(answer) {
  const name = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") ?? "")?.[1] ?? "oncogloss";
  const link = element("a", { href: URL.createObjectURL(await answer.blob()), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
  say(`${name} saved.`);
}

async function start() {
  $("tabs").append(...Object.keys(VIEWS).map((name) => element("button", { role: "tab", type: "button", onclick: () => show(name) }, name)));
  $("read").addEventListener("click", () => read());
  $("sample").addEventListener("click", () => { $("source").value = EXAMPLE; read(); });
  $("file").addEventListener("change", async () => open($("file").files[0]));
  $("model").addEventListener("change", () => state.found && read(state.source));
  $("format").addEventListener("change", () => { if ($("format").value) save($("format").value); $("format").value = ""; });
  document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("over"); });
  document.addEventListener("dragleave", () => document.body.classList.remove("over"));
  document.addEventListener("drop", (event) => { event.preventDefault(); document.body.classList.remove("over"); if (event.dataTransfer.files[0]) open(event.dataTransfer.files[0]); });
  document.addEventListener("click", (event) => {
    const jumped = event.target.closest?.("[data-jump]");
    const mark = event.target.closest?.("main mark");
    if (jumped) {
      if (!document.querySelector(`main mark[data-id="${CSS.escape(jumped.dataset.jump)}"]`)) show("Text");
      select(jumped.dataset.jump);
    } else if (mark) select(mark.dataset.id, false);
  });
  document.addEventListener("keydown", keys);
  edit.attach({ adopt, guarded, selected: () => state.selected });
  $("correct").addEventListener("click", () => edit.begin(state.source, state.kind, $("model").value));
  $("next").addEventListener("click", () => edit.following());
  $("export").addEventListener("click", async () => {
    const lines = await guarded(() => get("/v1/reviews/export"));
    if (!lines) return;
    await keep(lines);
    const left = Number(lines.headers.get("x-not-done"));
    if (left) say(`Saved; ${left} with edits left out: press Done on each first.`);
  });
  const answer = await guarded(async () => (await get("/v1/model")).json());
  for (const id of ["correct", "next", "export"]) $(id).hidden = !answer?.reviews;
  const models = answer?.models ?? [];
  const twins = (model) => models.filter((m) => m.name === model.name).length > 1;
  const title = (model) => (twins(model) ? `${model.name} ${model.version} (${model.served_as})` : model.name);
  for (const model of models) $("model").append(element("option", { value: model.served_as }, title(model)));
  const formats = await guarded(async () => (await get("/v1/formats")).json());
  for (const name of formats ?? []) $("format").append(element("option", {}, name));
}

async function open(file) {
  if (file) await read(new Uint8Array(await file.arrayBuffer()), file.name);
}

function keys(event) {
  if (event.ctrlKey && event.key === "Enter") return read();
  if (!event.target.closest("input, textarea, select") && edit.key(event)) return null;
  if (event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey || !state.found) return null;
  const names = Object.keys(VIEWS).filter((name) => name !== "Pages" || hasPages());
  if (event.key === "n") step(1);
  else if (event.key === "p") step(-1);
  else if (event.key === "Escape") select(null);
  else if (/^[1-7]$/.test(event.key) && names[event.key - 1]) show(names[event.key - 1]);
  else if (event.target.role === "tab" && event.key.startsWith("Arrow")) {
    const at = (names.indexOf(state.view) + (event.key === "ArrowRight" ? 1 : names.length - 1)) % names.length;
    show(names[at]);
    $("tabs").children[at].focus();
  }
  return null;
}

start();
