/*
 * Make elements, read and write the address, and find what the page holds.
 *
 * Text is only ever set as text: nothing here parses markup, so nothing that a model or a submitter
 * wrote can become any.
 */

const DATA = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes (null ones left out), listeners under `on`, and children. */
function h(name, attributes = {}, ...children) {
  return made(document.createElement(name), attributes, children);
}

/** The same within a picture. */
function s(name, attributes = {}, ...children) {
  return made(document.createElementNS(SVG, name), attributes, children);
}

function made(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [event, heard] of Object.entries(value)) element.addEventListener(event, heard);
    } else if (value === true) {
      element.setAttribute(name, "");
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, String(value));
    }
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined));
  return element;
}

/** Say something to those who listen to the page. */
function announce(words) {
  document.getElementById("status").textContent = words;
}

/** The view and its parameters that the address names. */
function address() {
  const [view, query = ""] = location.hash.slice(1).split("?");
  return { view: view || "board", query: new URLSearchParams(query) };
}

/** The address of a view; parameters that are empty are left out. */
function at(view, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") query.set(name, value);
  }
  const text = query.toString();
  return `#${view}${text ? `?${text}` : ""}`;
}

/** Go to an address: a step that the back button takes back, or none. */
function go(where, { step = true } = {}) {
  if (where === location.hash) return;
  if (step) location.hash = where;
  else location.replace(where);
}

/** A link to the web; plain text where it is no such link. */
function outside(link) {
  if (!/^https?:\/\/[^\s"'<>]+$/i.test(link)) return link;
  return h("a", { href: link, rel: "noopener noreferrer nofollow" }, link);
}

/** A page of the project's documentation, by its name: the page itself knows no address of it. */
function doc(name) {
  return h("code", {}, `docs/${name}`);
}

const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{e0000}-\u{e0fff}]/gu;

/** Text in which characters that hide, turn or break lines are seen as what they are. */
function seen(text) {
  return text.replace(HIDDEN, (sign) => `⟨U+${sign.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
}

function percent(share) {
  return `${pythonFixed(100 * share, 1)}%`;
}

function bracket(low, high) {
  return low === undefined || low === null ? "" : `[${pythonFixed(100 * low, 1)}, ${pythonFixed(100 * high, 1)}]`;
}

function whole(count) {
  return count === undefined || count === null ? "–" : pythonRound(count).toLocaleString("en-US");
}

function plural(count, noun) {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

/** A table from headings and rows of cells; a cell is text, an element, or a list of them. */
function table(caption, headings, rows) {
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    h(
      "table",
      {},
      h("caption", {}, caption),
      h("thead", {}, h("tr", {}, headings.map((one) => h("th", { scope: "col" }, one)))),
      h("tbody", {}, rows.map((cells) => h("tr", {}, cells.map((cell, i) => (i ? h("td", {}, cell) : h("th", { scope: "row" }, cell)))))),
    ),
  );
}
