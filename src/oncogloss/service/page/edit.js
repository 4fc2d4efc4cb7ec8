// Correcting what was found: each edit goes to the service, which keeps it and answers with the record as it is then.

import { call, get } from "/page/calls.js";
import { element, slice } from "/page/marks.js";
import { RELATIONS, TYPES } from "/page/types.js";

const ATTRIBUTES = { neg: "negated", exc: "excepted", hist: "in the past" };
const EDGES = { "[": ["start", -1], "]": ["start", 1], "{": ["end", -1], "}": ["end", 1] };
const words = (name) => name.replaceAll("_", " ").toLowerCase();

let page = null; // {adopt(review, id), guarded(work), selected()}
let review = null;
let from = null; // the mention that a new relation starts from
let span = null; // {passage, start, end} of words selected with the mouse
let busy = false;
let newType = "CONDITION";

export function attach(hooks) {
  page = hooks;
  document.addEventListener("selectionchange", () => {
    const chosen = review && selection();
    if (!chosen) return;
    span = chosen;
    panel();
  });
}

export const reviewed = () => review !== null;
export const leave = () => { review = from = span = null; };
export const begin = (source, kind, model) => take(() => call(`/v1/reviews?model=${encodeURIComponent(model)}`, { body: source, kind }));
export const following = () => take(() => get("/v1/reviews/next"));

async function take(ask, find = (found) => found.extraction.mentions.find((m) => m.id === page.selected())) {
  if (busy) return false; // an edit is made to what the last one left
  busy = true;
  try {
    const answer = await page.guarded(ask);
    if (!answer) return false;
    review = await answer.json();
    span = null;
    page.adopt(review, find(review)?.id ?? null);
    return true;
  } finally {
    busy = false;
  }
}

const send = (edit, find) => take(() => call(`/v1/reviews/${review.id}/edits`, { body: JSON.stringify({ edit }) }), find);

async function mark(state) {
  const done = await take(() => call(`/v1/reviews/${review.id}/state`, { body: JSON.stringify({ state }) }));
  if (done) await following();
}

const mention = (id) => review?.extraction.mentions.find((m) => m.id === id);
const textOf = (passage) => review.document.passages.find((p) => p.name === passage).text;

// The words selected in one passage, in code points, without the spaces around them.
function selection() {
  const chosen = document.getSelection();
  if (!chosen?.rangeCount || chosen.isCollapsed) return null;
  const range = chosen.getRangeAt(0);
  const near = range.startContainer.nodeType === Node.TEXT_NODE ? range.startContainer.parentElement : range.startContainer;
  const place = near.closest?.(".text[data-passage]");
  if (!place?.contains(range.endContainer)) return null;
  const before = range.cloneRange();
  before.selectNodeContents(place);
  before.setEnd(range.startContainer, range.startOffset);
  const said = range.toString();
  const start = [...before.toString()].length + [...said].length - [...said.trimStart()].length;
  const end = start + [...said.trim()].length;
  return end > start ? { passage: place.dataset.passage, start, end } : null;
}

function moved(at, edge, by) {
  const edges = [];
  let offset = 0;
  for (const piece of textOf(at.passage).match(/[\p{L}\p{N}]+|\s+|[^\p{L}\p{N}\s]/gu) ?? []) {
    const next = offset + [...piece].length;
    if (piece.trim()) edges.push(edge === "start" ? offset : next);
    offset = next;
  }
  const to = by < 0 ? edges.filter((e) => e < at[edge]).at(-1) : edges.find((e) => e > at[edge]);
  return to === undefined || (edge === "start" ? to >= at.end : to <= at.start) ? null : { [edge]: to };
}

function move(at, edge, by) {
  const change = moved(at, edge, by);
  if (change) send({ op: "change_mention", id: at.id, ...change });
}

const add = () => {
  const { passage, start, end } = span;
  const fits = (m) => m.passage === passage && m.start === start && m.end === end && m.type === newType;
  return send({ op: "add_mention", passage, start, end, type: newType }, (found) => found.extraction.mentions.find(fits));
};

function linkFrom(id) {
  from = id;
  panel();
}

// Keys while a record is corrected; true where the key was one of them.
export function key(event) {
  if (!review) return false;
  const at = mention(page.selected());
  const step = event.ctrlKey || event.metaKey ? { z: event.shiftKey ? "redo" : "undo", y: "redo" }[event.key.toLowerCase()] : null;
  if (step) send({ op: step });
  else if (event.ctrlKey || event.metaKey || event.altKey) return false;
  else if (at && EDGES[event.key]) move(at, ...EDGES[event.key]);
  else if (at && event.key === "Delete") send({ op: "delete_mention", id: at.id });
  else if (at && event.key === "t") document.getElementById("edit-type").focus();
  else if (at && event.key === "l") linkFrom(at.id);
  else if (span && event.key === "m") add();
  else return false;
  event.preventDefault();
  return true;
}

const button = (name, act, attributes = {}) => element("button", { type: "button", onclick: act, ...attributes }, name);

function choice(names, chosen, act, attributes) {
  const list = element("select", attributes, names.map((name) => element("option", { value: name, selected: name === chosen }, words(name))));
  list.addEventListener("change", () => act(list.value));
  return list;
}

export function panel() {
  document.getElementById("review").hidden = !review;
  if (!review) return;
  const at = mention(page.selected());
  const parts = [
    element("p", { class: "row" }, button("Undo", () => send({ op: "undo" }), { disabled: !review.can_undo }),
      button("Redo", () => send({ op: "redo" }), { disabled: !review.can_redo }),
      button("Done", () => mark("done")), button("Skip", () => mark("skipped"))),
    span ? spanPart() : null,
    ...(at ? mentionPart(at) : [element("p", { class: "note" }, "Choose a mention, or select words with the mouse to mark them.")]),
    agreementPart(),
    element("details", {}, element("summary", {}, `History (${review.history.length})`),
      element("ol", { class: "history" }, review.history.map((done) => element("li", {}, `${done.reviewer}, ${done.time.slice(0, 16).replace("T", " ")}: ${told(done.edit)}`)))),
    element("p", { class: "note" }, "Keys: [ ] start, { } end, t type, l link, m mark, Delete, Ctrl+Z, Ctrl+Y"),
  ];
  document.getElementById("edit").replaceChildren(...parts.filter(Boolean));
}

function spanPart() {
  const said = slice(textOf(span.passage), span.start, span.end);
  return element("p", { class: "row" }, element("q", {}, said.length > 60 ? `${said.slice(0, 60)}…` : said),
    choice(TYPES, newType, (type) => { newType = type; }, { "aria-label": "Type of the new mention" }), button("Mark", add, { class: "primary" }));
}

function mentionPart(at) {
  const change = (what) => send({ op: "change_mention", id: at.id, ...what });
  const edges = [["start", -1, "Start ←"], ["start", 1, "Start →"], ["end", -1, "End ←"], ["end", 1, "End →"]];
  const boxes = Object.entries(ATTRIBUTES).map(([name, said]) => {
    const box = element("input", { type: "checkbox", checked: at.attributes.includes(name) });
    box.addEventListener("change", () => change({ attributes: Object.keys(ATTRIBUTES).filter((a) => (a === name ? box.checked : at.attributes.includes(a))) }));
    return element("label", {}, box, said);
  });
  return [
    element("p", { class: "row" }, choice(TYPES, at.type, (type) => change({ type }), { id: "edit-type", "aria-label": "Type" }), boxes),
    element("p", { class: "row" }, edges.map(([edge, by, name]) => button(name, () => move(at, edge, by))),
      button("Delete", () => send({ op: "delete_mention", id: at.id }))),
    conceptPart(at),
    ...relationPart(at),
  ];
}

function conceptPart(at) {
  const found = element("ul", { "aria-label": "Concepts found" });
  const name = element("input", { type: "search", value: at.text, "aria-label": "Name of the concept" });
  const search = async () => {
    const answer = await page.guarded(() => call("/v1/link", { body: JSON.stringify({ names: [name.value] }) }));
    const concepts = answer ? Object.values((await answer.json())[0].concepts ?? {}) : [];
    const different = [...new Map(concepts.map((c) => [c.id, c])).values()];
    found.replaceChildren(...different.map((concept) => element("li", {}, button(`${concept.name} (${concept.id})`, () => send({ op: "set_concept", id: at.id, concept }), { class: "link" }))));
    if (!different.length) found.replaceChildren(element("li", {}, "Nothing by this name."));
  };
  name.addEventListener("keydown", (event) => { if (event.key === "Enter") search(); });
  const none = button("No concept", () => send({ op: "set_concept", id: at.id, concept: null }), { disabled: !at.concept });
  return element("div", {}, element("p", { class: "row" }, name, button("Find concept", search), none), found);
}

function relationPart(at) {
  const own = review.extraction.relations.filter((r) => r.head === at.id || r.tail === at.id);
  const rows = own.map(({ type, head, tail }) => {
    const said = `${mention(head).text} ${words(type)} ${mention(tail).text}`;
    return element("li", {}, `${said} `, button("×", () => send({ op: "delete_relation", type, head, tail }), { "aria-label": `Delete: ${said}` }));
  });
  const start = mention(from);
  if (!start || start.id === at.id) {
    const waiting = start ? "Now choose the other mention." : null;
    return [element("ul", {}, rows), element("p", { class: "row" }, button("Link from here", () => linkFrom(at.id)), waiting)];
  }
  let type = RELATIONS[0];
  const link = () => { const head = from; from = null; send({ op: "add_relation", type, head, tail: at.id }); };
  return [element("ul", {}, rows), element("p", { class: "row" }, element("q", {}, start.text),
    choice(RELATIONS, type, (name) => { type = name; }, { "aria-label": "Type of the relation" }), button("Link to this", link, { class: "primary" }),
    button("Not", () => linkFrom(null)))];
}

function agreementPart() {
  if (!review.agreement.length) return null;
  return element("ul", { "aria-label": "Agreement" }, review.agreement.map((a) => element("li", {},
    `${a.reviewers.join(" and ")}: F1 ${a.f1.toFixed(2)} (${a.both} mentions by both, ${a.only_first} and ${a.only_second} by one)`)));
}

function told(edit) {
  const name = (id) => `“${(mention(id)?.text ?? id).slice(0, 40)}”`;
  if (edit.op === "undo" || edit.op === "redo") return edit.op;
  if (edit.op === "add_mention") return `marked “${slice(textOf(edit.passage), edit.start, edit.end).slice(0, 40)}” as ${words(edit.type)}`;
  if (edit.op === "delete_mention") return `deleted ${name(edit.id)}`;
  if (edit.op === "set_concept") return `${name(edit.id)} means ${edit.concept?.name ?? "nothing known"}`;
  if (edit.op === "set_side") return `criterion ${edit.id} is ${edit.side === "inc" ? "inclusion" : "exclusion"}`;
  if (edit.op === "change_mention") {
    const what = [edit.type && words(edit.type), edit.attributes && (edit.attributes.join(" ") || "no attributes"), (edit.start ?? edit.end) != null && "other edges"];
    return `${name(edit.id)}: ${what.filter(Boolean).join(", ")}`;
  }
  return `${edit.op === "add_relation" ? "linked" : "parted"} ${name(edit.head)} ${words(edit.type)} ${name(edit.tail)}`;
}

// In the criteria's view: a button at each that puts it on the other side.
export function sides() {
  if (!review) return;
  for (const place of document.querySelectorAll("main .criterion")) {
    const criterion = review.extraction.criteria.find((c) => c.id === place.dataset.id);
    const side = criterion.side === "inc" ? "exc" : "inc";
    const name = side === "inc" ? "Make it an inclusion" : "Make it an exclusion";
    place.append(button(name, () => send({ op: "set_side", id: criterion.id, side }), { class: "link" }));
  }
}
