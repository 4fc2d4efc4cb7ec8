// The pages of a PDF as they look, with the mentions as boxes over them.

import { call } from "/page/calls.js";
import { element, label, units } from "/page/marks.js";

const ruler = document.createElement("canvas").getContext("2d");
const known = new WeakMap();
let last = { source: null, number: 0, picture: { pages: Infinity } }; // the page that was shown last, drawn again after an edit

// Where each mention stands: its id → [{page, box}], one for each line that it runs over.
export function places(found) {
  if (!known.has(found)) known.set(found, placed(found));
  return known.get(found);
}

function placed({ document: record, extraction }) {
  const all = new Map();
  for (const passage of record.passages) {
    const lines = (record.layout ?? []).filter((line) => line.passage === passage.name);
    if (!lines.length) continue;
    const unit = units(passage.text);
    const width = (start, end) => ruler.measureText(passage.text.slice(unit(start), unit(end))).width;
    const mentions = extraction.mentions.filter((m) => m.passage === passage.name).sort((a, b) => a.start - b.start);
    let first = 0;
    for (const mention of mentions) {
      while (first < lines.length && lines[first].end <= mention.start) first += 1;
      const at = [];
      for (let i = first; i < lines.length && lines[i].start < mention.end; i += 1) at.push(within(lines[i], mention, width));
      if (at.length) all.set(mention.id, at);
    }
  }
  return all;
}

// The part of a line's box that a mention takes, by the widths of its words.
function within(line, mention, width) {
  const [left, top, right, bottom] = line.box;
  const whole = width(line.start, line.end) || 1;
  const x = (offset) => left + ((right - left) * width(line.start, Math.min(Math.max(offset, line.start), line.end))) / whole;
  return { page: line.page, box: [x(mention.start), top, x(mention.end), bottom] };
}

export const pageOf = (found, id) => places(found).get(id)?.[0].page;

async function pictureOf(source, number) {
  if (last.source !== source || last.number !== number) {
    const answer = await call(`/v1/page?page=${number}`, { body: source, kind: "application/pdf" });
    last = { source, number, picture: await answer.json() };
  }
  return last.picture;
}

// A page with the ways to the others; `source` is the PDF, `turn` shows another page.
export function pagesView(found, source, number, { guarded, turn, ready }) {
  const place = element("div", { class: "sheet", "aria-busy": "true" });
  const count = last.source === source ? last.picture.pages : Infinity;
  const field = element("input", { id: "page-number", type: "number", min: "1", value: String(number), "aria-label": "Page" });
  const of = element("span", {});
  const back = element("button", { id: "page-before", type: "button", disabled: number === 1, onclick: () => turn(number - 1) }, "Page before");
  const on = element("button", { id: "page-next", type: "button", disabled: number >= count, onclick: () => turn(number + 1) }, "Next page");
  field.addEventListener("change", () => field.checkValidity() && turn(Number(field.value)));
  guarded(() => pictureOf(source, number)).then((picture) => {
    if (!picture) return;
    field.max = String(picture.pages);
    of.textContent = `of ${picture.pages}`;
    on.disabled = number >= picture.pages;
    place.replaceChildren(...sheet(found, number, picture));
    place.setAttribute("aria-busy", "false");
    ready();
  });
  return [element("p", { class: "row" }, back, element("label", {}, "Page ", field), of, on), place];
}

function sheet(found, number, { pages, width, height, png }) {
  const shown = element("img", { src: `data:image/png;base64,${png}`, alt: `Page ${number} of ${pages} as it looks; its words stand under Text.` });
  const share = (part, whole) => `${(100 * part) / whole}%`;
  const boxes = found.extraction.mentions.flatMap((mention) => {
    const here = (places(found).get(mention.id) ?? []).filter((place) => place.page === number);
    return here.map(({ box: [left, top, right, bottom] }) => {
      const words = element("span", { class: "unseen" }, mention.text);
      const box = element("mark", { class: [mention.type, ...mention.attributes].join(" "), "data-id": mention.id, title: label(mention) }, words);
      Object.assign(box.style, { left: share(left, width), top: share(top, height), width: share(right - left, width), height: share(bottom - top, height) });
      return { box, area: (right - left) * (bottom - top) };
    });
  });
  boxes.sort((a, b) => b.area - a.area); // what lies within another lies above it
  return [shown, ...boxes.map(({ box }) => box)];
}
