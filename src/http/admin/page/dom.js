// Makes elements. Whatever is shown may come from visitors of somebody's web site, so text only ever becomes text nodes and
// attribute values; nothing on this page parses HTML (`require-trusted-types-for` has the browser enforce that).

const SVG = "http://www.w3.org/2000/svg";
const $ = (id) => document.getElementById(id);

// h("td", { class: "number" }, 17): attributes that are null or false are left out, and functions become listeners.
const h = (tag, attributes, ...children) => filled(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => filled(document.createElementNS(SVG, tag), attributes, children);

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...shown(children));
  return element;
}

// Children that are null or false are left out, and lists are unfolded.
const shown = (children) =>
  children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);

// Replaces what an element contains. What had the focus inside gets it again, if it is there by the same id or `data-focus`.
function show(element, ...children) {
  const focused = element.contains(document.activeElement) ? focusName(document.activeElement) : null;
  element.replaceChildren(...shown(children));
  if (focused) [...element.querySelectorAll("a, button, summary, [data-focus]")].find((it) => focusName(it) === focused)?.focus();
}

const focusName = (element) => element.dataset.focus ?? element.getAttribute("href") ?? element.id;

// A message in a place that is hidden while there is none.
function say(place, ...children) {
  const said = shown(children);
  place.hidden = said.length === 0;
  place.replaceChildren(...said);
}
