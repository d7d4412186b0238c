/*
 * Show the view that the address names, and keep focus and scrolling where a reader expects them.
 */

const VIEWS = { board: boardView, row: rowView, compare: compareView, figures: figuresView, try: tryView };
const TITLES = { board: "tot24-bench: can a small language model be taught to search?", row: "A row", compare: "Compare", figures: "Figures", try: "Try a hand" };

let before = null;
let traversed = false; // whether the address changed by back or forward
const scrolls = new Map(); // how far each address was scrolled
globalThis.navigation?.addEventListener("navigate", (event) => { traversed = event.navigationType === "traverse"; });

function render() {
  const { view, query } = address();
  const main = document.getElementById("main");
  const name = Object.hasOwn(VIEWS, view) ? view : "board";
  // The same view with other parameters: what was in use stays in use.
  if (before !== null) scrolls.set(before.hash, scrollY);
  const same = before !== null && before.name === name && before.subject === subject(name, query);
  const active = document.activeElement;
  const caret = same && active instanceof HTMLInputElement && active.type === "search" ? active.selectionStart : null;
  let content;
  try {
    content = VIEWS[name](query);
  } catch (error) {
    console.error(error);
    content = missing("This address cannot be shown", error.message);
  }
  main.replaceChildren(...content.flat(3).filter((one) => one !== null && one !== undefined));
  const title = main.querySelector("h1")?.textContent ?? "";
  document.title = name === "board" ? TITLES.board : `${title} · tot24-bench`;
  for (const link of document.querySelectorAll("nav [data-view]")) {
    if (link.dataset.view === name || (name === "row" && link.dataset.view === "board")) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (same && active?.id && document.getElementById(active.id)) {
    const again = document.getElementById(active.id);
    again.focus({ preventScroll: true });
    if (caret !== null) again.setSelectionRange(caret, caret);
  } else if (before !== null && !same) {
    main.focus({ preventScroll: true });
    scrollTo(0, traversed ? scrolls.get(location.hash) ?? 0 : 0);
    announce(document.title);
  }
  before = { name, subject: subject(name, query), hash: location.hash };
  traversed = false;
}

/** What a view is about: where it changes, reading begins at the top again. */
function subject(name, query) {
  return name === "row" ? `${query.get("key")} ${query.get("hand") ?? ""}` : name;
}

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("main").focus();
});
addEventListener("hashchange", render);
// Pictures are drawn for a width: a phone that is turned gets them anew.
matchMedia("(max-width: 720px)").addEventListener("change", () => { costFigures.clear(); render(); });
document.getElementById("version").textContent = `tot24-bench ${DATA.version}. `;
render();
