// Text with its mentions as nested marks. Offsets count code points; JavaScript counts UTF-16 units.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "onclick") made.addEventListener("click", value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child != null));
  return made;
}

// A function from code points of the text to its UTF-16 units.
export function units(text) {
  if (!/[\ud800-\udbff]/.test(text)) return (offset) => offset;
  const at = [0];
  for (const character of text) at.push(at[at.length - 1] + character.length);
  return (offset) => at[offset];
}

export const slice = (text, start, end) => {
  const unit = units(text);
  return text.slice(unit(start), unit(end));
};

// The text as nodes; mentions never cross, so that outer ones open first and close last.
export function marked(text, mentions, offset = 0) {
  const unit = units(text);
  const root = document.createDocumentFragment();
  const open = [{ node: root, end: Infinity }];
  let position = 0;
  const write = (to) => {
    if (to > position) open[open.length - 1].node.append(text.slice(unit(position), unit(to)));
    position = Math.max(position, to);
  };
  const advance = (to) => {
    while (open[open.length - 1].end <= to) {
      write(open[open.length - 1].end);
      open.pop();
    }
    write(to);
  };
  const order = [...mentions].sort((a, b) => a.start - b.start || b.end - a.end);
  for (const mention of order) {
    advance(mention.start - offset);
    const mark = element("mark", { class: [mention.type, ...mention.attributes].join(" "), "data-id": mention.id, title: label(mention) });
    open[open.length - 1].node.append(mark);
    open.push({ node: mark, end: mention.end - offset });
  }
  const length = unit === undefined ? text.length : [...text].length;
  advance(length);
  return root;
}

export function label(mention) {
  const parts = [mention.type, ...mention.attributes, mention.score.toFixed(2)];
  if (mention.expansion) parts.push(`= ${mention.expansion}`);
  if (mention.concept) parts.push(`→ ${mention.concept.name}`);
  return parts.join(" ");
}
