// One function a view: what was found of a document → nodes.

import { element, marked, slice } from "/page/marks.js";

export function textView(found) {
  const { document: record, extraction } = found;
  return record.passages.map((passage) => {
    const inside = extraction.mentions.filter((m) => m.passage === passage.name);
    return element("section", { class: "passage", "aria-label": passage.name.replaceAll("_", " ") },
      element("h3", {}, passage.name.replaceAll("_", " ")),
      element("p", { class: "text", "data-passage": passage.name }, marked(passage.text, inside)));
  });
}

export function criteriaView(found) {
  const { document: record, extraction } = found;
  const texts = Object.fromEntries(record.passages.map((p) => [p.name, p.text]));
  const nodes = [coverageBar(extraction.coverage)];
  if (!extraction.criteria.length) return [element("p", { class: "note" }, "No criteria were found.")];
  const depth = {};
  const list = element("ol", { class: "criteria" });
  for (const c of extraction.criteria) {
    depth[c.id] = c.parent == null ? 0 : (depth[c.parent] ?? 0) + 1;
    const words = slice(texts[c.passage], c.start, c.end);
    const inside = extraction.mentions.filter((m) => m.passage === c.passage && m.start >= c.start && m.end <= c.end);
    const stretch = coverageOf(extraction.coverage, c);
    list.append(element("li", { class: depth[c.id] ? "nest" : null },
      element("article", { class: `criterion ${stretch?.status ?? ""}`, "aria-label": `criterion ${c.id}`, "data-id": c.id },
        element("p", { class: "state" },
          element("span", { class: `badge ${c.side === "inc" ? "inc" : "exc-side"}` }, c.side === "inc" ? "inclusion" : "exclusion"),
          ` ${c.id}  ${c.categories.join(", ").replaceAll("_", " ")}`),
        element("p", { class: "words" }, marked(words, inside, c.start)),
        c.logic ? element("ul", { class: "logic" }, logic(c.logic, extraction)) : null,
        stretch ? element("p", { class: "state" }, element("b", {}, stretch.status), `: ${stretch.reason}`) : null)));
  }
  nodes.push(list);
  return nodes;
}

function coverageOf(coverage, criterion) {
  const order = ["untouched", "partly", "structured"];
  const inside = coverage.filter((s) => s.passage === criterion.passage && s.start < criterion.end && criterion.start < s.end);
  return inside.sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status))[0];
}

function coverageBar(coverage) {
  const counts = { structured: 0, partly: 0, untouched: 0 };
  for (const s of coverage) counts[s.status] += s.end - s.start;
  const total = Object.values(counts).reduce((a, b) => a + b, 0);
  if (!total) return element("p", { class: "note" }, "No eligibility text.");
  const shares = Object.entries(counts).map(([status, n]) => [status, Math.round((100 * n) / total)]);
  const words = shares.map(([status, share]) => `${status} ${share} %`).join(", ");
  const bar = element("div", { class: "bar", role: "img", "aria-label": `Coverage of the eligibility text: ${words}` });
  for (const [status, share] of shares) {
    const part = element("i", { class: status });
    part.style.flexGrow = String(share);
    bar.append(part);
  }
  return element("div", {}, element("p", { class: "state" }, `Coverage of the eligibility text: ${words}.`), bar);
}

const OPS = { all: "all of", any: "any of", not: "not", except: "but for", at_least: "at least", if: "if" };

function logic(node, extraction) {
  if (node.op === "fact") {
    const mention = extraction.mentions.find((m) => m.id === node.mention);
    const words = mention ? mention.text : `criterion ${node.criterion}`;
    const told = node.qualifiers.length ? ` (${node.qualifiers.join(", ")})` : "";
    return element("li", {}, mention ? jump(mention.id, words) : words, told);
  }
  const name = node.op === "at_least" ? `at least ${node.n} of` : OPS[node.op];
  return element("li", {}, element("span", { class: "op" }, name), element("ul", {}, node.parts.map((p) => logic(p, extraction))));
}

export function jump(id, words) {
  return element("button", { class: "link", type: "button", "data-jump": id }, words);
}

export function table(title, heads, rows) {
  if (!rows.length) return null;
  return element("table", {}, element("caption", {}, title),
    element("thead", {}, element("tr", {}, heads.map((h) => element("th", { scope: "col" }, h)))),
    element("tbody", {}, rows.map((row) => element("tr", {}, row.map((cell) => element("td", {}, cell))))));
}

const compare = (t) => (t.high == null ? `${t.operator} ${t.value}` : `${t.value} to ${t.high}`) + (t.unit === "1" ? "" : ` ${UNITS[t.unit] ?? t.unit}`);
const UNITS = { a: "years", mo: "months", wk: "weeks", d: "days", h: "hours", ULN: "× ULN", "[degF]": "°F", Cel: "°C" };

export function factsView(found) {
  const { extraction } = found;
  const by = Object.fromEntries(extraction.mentions.map((m) => [m.id, m]));
  const sides = Object.fromEntries(extraction.criteria.map((c) => [c.id, c.side]));
  const said = (ids) => ids.map((id) => by[id]?.text).filter(Boolean).join(", ");
  const thresholds = extraction.thresholds.map((t) => [
    sides[t.criterion] ?? "", t.mentions[0] ? jump(t.mentions[0], t.measure) : t.measure, compare(t), t.condition ?? "", t.text]);
  const arms = extraction.arms.flatMap((arm) => arm.treatments.map((t, i) => [
    i ? "" : `${arm.label} (${arm.kind.replaceAll("_", " ")})`, by[t.mention] ? jump(t.mention, by[t.mention].text) : "",
    said(t.doses), said(t.routes), said(t.schedules), said(t.combined_with)]));
  const endpoints = extraction.endpoints.map((e) => [e.rank, e.mention ? jump(e.mention, e.name) : e.name, e.time_frame?.text ?? "", e.criteria.join(", ")]);
  const flags = extraction.flags.map((f) => [f.kind.replaceAll("_", " "), f.message]);
  const views = [
    table("Where the record seems to contradict itself", ["about", "what"], flags),
    table("Thresholds", ["side", "measure", "comparison", "condition", "words"], thresholds),
    table("Treatments", ["arm", "treatment", "dose", "route", "schedule", "with"], arms),
    table("Endpoints", ["rank", "endpoint", "time frame", "criteria"], endpoints),
  ].filter(Boolean);
  return views.length ? views : [element("p", { class: "note" }, "No thresholds, treatments or endpoints were found.")];
}

function ages(low, high) {
  if (low == null && high == null) return [];
  if (high == null) return [`${low} years or older`];
  return [low == null ? `up to ${high} years` : `${low} to ${high} years`];
}

export function summaryView(found) {
  const { summary } = found.extraction;
  const [low, high] = summary.age;
  const named = (r) => r.any_of.join(" or ") + (r.decisive ? " (in a criterion not wholly understood)" : "");
  const sided = (side) => summary.biomarkers.filter((r) => r.side === side).map(named);
  const rows = [
    ["cancers", summary.cancers], ["stages", summary.stages], ["states", summary.states],
    ["treatments", summary.treatments],
    ["biomarkers required", sided("inc")], ["biomarkers excluded", sided("exc")], ["lines", summary.lines],
    ["prior treatment", summary.prior_treatments.map((r) => `${r.side === "inc" ? "required" : "excluded"}: ${named(r)}`)],
    ["washouts", summary.washouts],
    ["age", ages(low, high)], ["sex", summary.sex ? [summary.sex] : []],
  ].filter(([, values]) => values.length);
  const card = element("dl", {}, rows.flatMap(([name, values]) => [element("dt", {}, name), element("dd", {}, values.join("; "))]));
  const concepts = new Map();
  for (const m of found.extraction.mentions) {
    if (!m.concept) continue;
    const known = concepts.get(m.concept.id) ?? { m, words: new Set() };
    known.words.add(m.text);
    concepts.set(m.concept.id, known);
  }
  const rows2 = [...concepts.values()].map(({ m, words }) => [m.type, jump(m.id, m.concept.name), m.concept.id, [...words].join(", ")]);
  return [element("div", { class: "card" }, element("h2", {}, found.document.id), card), table("Concepts", ["type", "name", "id", "words"], rows2)];
}

export function changesView(changes) {
  if (!changes.length) return [element("p", { class: "note" }, "Nothing changed.")];
  return [table("Changes", ["kind", "about", "what"], changes.map((c) => [
    element("span", { class: c.kind === "added" ? "added" : c.kind === "dropped" ? "dropped" : null }, c.kind), c.subject, c.message]))];
}

export function comparedView(found, other) {
  const key = (m) => `${m.passage} ${m.start} ${m.end} ${m.type}`;
  const [ours, theirs] = [found, other].map((f) => new Map(f.extraction.mentions.map((m) => [key(m), m])));
  const rows = (one, two) => [...one].filter(([k]) => !two.has(k)).map(([, m]) => [m.type, m.text, m.passage, m.score.toFixed(2)]);
  const names = [found, other].map((f) => `${f.extraction.model.name} ${f.extraction.model.version}`);
  const both = [...ours.keys()].filter((k) => theirs.has(k)).length;
  const heads = ["type", "words", "passage", "score"];
  return [element("p", {}, `${both} mentions are found by both.`), element("div", { class: "two" },
    table(`Only ${names[0]}`, heads, rows(ours, theirs)) ?? element("p", {}, `Nothing that only ${names[0]} finds.`),
    table(`Only ${names[1]}`, heads, rows(theirs, ours)) ?? element("p", {}, `Nothing that only ${names[1]} finds.`))];
}
