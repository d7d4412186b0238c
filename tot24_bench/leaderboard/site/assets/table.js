/*
 * The first view: the claim in one figure, and the table that can be sorted and filtered.
 *
 * Ranks are of one section (measured, rescored, reported) and one split. In the order of ranks the
 * table keeps sections apart and brackets the rows that share a rank; in any other order it is one.
 */

const COLUMNS = [
  { name: "rank", words: "rank", shown: true, number: true, of: (row) => row.rank ?? null },
  { name: "model", words: "model", shown: true, of: (row) => row.model },
  { name: "acc", words: "accuracy", shown: true, number: true, of: (row) => row.acc },
  { name: "method", words: "method", shown: true, of: (row) => row.label },
  { name: "total", words: "tokens a hand", shown: true, number: true, of: (row) => costOf(row) ?? null, hint: "prompts and responses; ~ where only the responses are known" },
  { name: "size", words: "parameters", shown: true, number: true, of: (row) => row.parameters ?? null },
  { name: "shots", words: "shots", number: true, of: (row) => row.shots ?? null },
  { name: "prompt", words: "prompt", of: (row) => row.prompt },
  { name: "split", words: "split", of: (row) => row.split },
  { name: "n", words: "hands", number: true, of: (row) => row.n },
  { name: "tokens", words: "response tokens", number: true, of: (row) => row.tokens ?? null },
  { name: "precision", words: "precision", of: (row) => row.precision ?? "" },
  { name: "teacher", words: "teacher", of: (row) => row.teacher ?? "" },
  { name: "trained", words: "trained on", of: (row) => row.trained ?? "" },
  { name: "obtained", words: "how obtained", of: (row) => row.obtained },
];

const ALL = "*"; // of splits: no split is called so

const SIZES = {
  "": ["any size", () => true],
  tiny: ["below 10M", (row) => row.parameters < 1e7],
  small: ["10M to 1B", (row) => row.parameters >= 1e7 && row.parameters < 1e9],
  large: ["1B and more", (row) => row.parameters >= 1e9],
  unknown: ["unknown", (row) => row.parameters === undefined],
};

function boardView(query) {
  const rows = chosen(query);
  const split = query.get("split") ?? defaultSplit();
  const where = split === ALL ? "all splits" : split;
  return [
    h("h1", {}, "Can a small language model be taught to search?"),
    h("p", { class: "lead" }, "Each mark is a model and a way of asking it to solve Game of 24 hands: how many it solves, exactly judged, and what a hand costs. Searching within one response (One-Step ToT) is a skill that a small model can learn."),
    costFigure(rows, where),
    filters(query),
    boardTable(rows, query),
    DATA.noRows.length ? h("details", {}, h("summary", {}, `${plural(DATA.noRows.length, "submission")} without a row`), h("ul", {}, DATA.noRows.map((one) => h("li", {}, one)))) : null,
    unknownCost(rows),
    glossary(),
  ];
}

const WORDS = [
  ["hand", "the four numbers of a puzzle"],
  ["IO", "the prompt asks for the answer alone"],
  ["CoT", "chain of thought: the steps of one path, then the answer"],
  ["One-Step ToT", "one response that searches: it tries a path, judges whether the numbers left can still make 24, and goes back"],
  ["tree search", "Tree of Thoughts in many calls: a program asks the model for thoughts and judgements, and keeps the best"],
  ["N-shot", "N solved examples stand in the prompt"],
  ["plain, chat, other", "the prompt as text, in the model's chat form, or another one than this benchmark's"],
  ["taught", "a student: trained on this very game, beside models that were not"],
  ["trained on: deck, wide", "hands of four cards from 1 to 13 alone, or other hands, too"],
  ["right answers helped", "a program that knows right answers stopped the search or chose; no model could"],
  ["hard100", "the 100 published test hands, people's difficulty rank 901 to 1000; hardest: ranks 1001 to 1362"],
  ["val", "100 hands on which choices were made, so no test"],
  ["shuffled, fresh, target, five, six, rational, countdown, unsolvable, state_holdout", "the same hands in other orders, larger numbers, other targets, more numbers, fractions needed, numbers may be left out, hands without a solution, inner states never trained on"],
];

function glossary() {
  return h("details", { class: "glossary" }, h("summary", {}, "What the words mean"),
    h("dl", {}, WORDS.map(([word, meaning]) => h("div", {}, h("dt", {}, word), h("dd", {}, meaning)))),
    h("p", {}, "How splits, ranks and intervals are made: ", doc("splits.md"), ", ", doc("statistics.md"), "; how to add a model: ", doc("add-a-model.md"), "."));
}

function defaultSplit() {
  return "hard100" in DATA.splits ? "hard100" : Object.keys(DATA.splits)[0];
}

/** The rows that the filters let through. */
function chosen(query) {
  const split = query.get("split") ?? defaultSplit();
  const words = (query.get("q") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const size = Object.hasOwn(SIZES, query.get("size") ?? "") ? SIZES[query.get("size") ?? ""] : SIZES[""];
  return ROWS.filter((row) =>
    (split === ALL || isOf(row, split)) &&
    (!query.get("how") || row.obtained === query.get("how")) &&
    (!query.get("family") || familyOf(row)[1] === query.get("family")) &&
    (!query.get("shots") || String(row.shots ?? "unknown") === query.get("shots")) &&
    size[1](row) &&
    words.every((word) => `${nameOf(row)} ${row.teacher ?? ""} ${row.base ?? ""}`.toLowerCase().includes(word)));
}

/** The figure, made once for the same rows: sorting need not draw it again. */
const costFigures = new Map();
function costFigure(rows, where) {
  const name = `${where} ${rows.map((row) => row.place).join()}`;
  if (!costFigures.has(name)) {
    costFigures.clear();
    costFigures.set(name, drawCost(rows, where));
  }
  return costFigures.get(name);
}

function drawCost(rows, where) {
  const drawn = rows.filter((row) => !row.exact && isWhole(row));
  const known = drawn.filter((row) => costOf(row) > 0);
  if (!known.length) return h("p", { class: "note" }, "None of these rows says how many tokens a hand takes, so there is nothing to draw.");
  const best = new Map();
  for (const row of drawn) {
    if (!best.has(row.model) || best.get(row.model).acc < row.acc) best.set(row.model, row);
  }
  const dearest = Math.max(...known.map(costOf));
  const strip = dearest * 4; // where rows stand whose tokens nobody counted
  const uncounted = drawn.length > known.length;
  const points = drawn.map((row) => ({
    x: costOf(row) || strip, y: row.acc, low: row.low, high: row.high, colour: familyOf(row)[1], shape: row.obtained,
    hollow: row.helped, more: row.total === undefined && row.tokens !== undefined, size: sizeOf(row), href: at("row", { key: row.key }),
    words: `${nameOf(row)}: ${percent(row.acc)} ${bracket(row.low, row.high)}, ${costOf(row) ? `${whole(costOf(row))} tokens a hand` : "tokens not known"}`,
    label: best.get(row.model) === row ? row.model : null,
    first: row.obtained === "measured" && !row.teacher ? 1 : 0, // models as they come: what the rest is held against
  }));
  points.sort((one, other) => other.size - one.size);
  const colours = [...new Map(drawn.map((row) => [familyOf(row)[1], familyOf(row)])).values()];
  const shapes = [["measured here", "measured"], ["published responses, rescored", "rescored"], ["as reported", "reported"], ["hollow: right answers helped", "measured", true]];
  const kept = shapes.filter(([, shape, hollow]) => (hollow ? points.some((one) => one.hollow) : points.some((one) => one.shape === shape)));
  return h("figure", {},
    plot(points, { title: `Accuracy against tokens a hand, ${where}`, strip: uncounted ? [strip, "not known"] : null, x: { words: "tokens a hand, prompts and responses (log scale)", log: true, to: uncounted ? strip * 1.8 : dearest * 1.25, ticks: logTicks(Math.min(...known.map(costOf)), dearest).map((tick) => [tick, shortCount(tick)]) } }),
    h("figcaption", {}, legend(colours, kept), `Accuracy against cost on ${where}; bars are 95% intervals, larger marks are larger models${points.some((one) => one.more) ? ", an arrow says that only the response's tokens were counted" : ""}. Each mark opens its model; the table below says the same in words.`));
}

function sizeOf(row) {
  return row.parameters === undefined ? 4 : 3.5 + 1.6 * Math.max(0, Math.log10(row.parameters / 1e6));
}

function unknownCost(rows) {
  const some = rows.some((row) => row.total === undefined && row.tokens !== undefined);
  return some ? h("p", { class: "note" }, "~ The tokens of the responses alone: nobody counted the prompt's.") : null;
}

function filters(query) {
  const changed = (name) => (event) => {
    const next = Object.fromEntries(query);
    next[name] = event.target.value;
    if (name === "split" && event.target.value === defaultSplit()) next.split = "";
    go(at("board", next), { step: event.target.tagName === "SELECT" });
  };
  const select = (name, words, choices) => {
    const value = query.get(name) ?? (name === "split" ? defaultSplit() : "");
    return h("label", {}, `${words} `, h("select", { id: `by-${name}`, on: { change: changed(name) } },
      choices.map(([choice, text]) => h("option", { value: choice, selected: choice === value }, text))));
  };
  const splits = Object.entries(DATA.splits).map(([name, size]) => [name, size ? `${name} (${size})` : name]);
  const shots = [...new Set(ROWS.map((row) => String(row.shots ?? "unknown")))].sort();
  const families = [...new Map(ROWS.map((row) => [familyOf(row)[1], familyOf(row)[0]]))];
  return h("form", { class: "filters", role: "search", "aria-label": "Filter the table", on: { submit: (event) => event.preventDefault() } },
    h("label", {}, "Find ", h("input", { id: "by-q", type: "search", value: query.get("q") ?? "", placeholder: "model, method, teacher", on: { input: changed("q") } })),
    select("split", "Split", [...splits, [ALL, "all splits"]]),
    select("family", "Method", [["", "every method"], ...families]),
    select("shots", "Shots", [["", "any"], ...shots.map((one) => [one, one])]),
    select("how", "How", [["", "however obtained"], ...Object.keys(DATA.sections).map((one) => [one, one])]),
    select("size", "Size", Object.entries(SIZES).map(([name, [text]]) => [name, text])),
    h("label", { class: "tick" }, h("input", { id: "by-all", type: "checkbox", checked: query.get("columns") === "all", on: { change: (event) => go(at("board", { ...Object.fromEntries(query), columns: event.target.checked ? "all" : "" })) } }), " all columns"),
    query.size ? h("a", { href: "#board" }, "reset") : null);
}

const AT_ONCE = 250; // rows that are shown unasked: more are slow to lay out, and nobody reads them

function boardTable(rows, query) {
  const asked = query.get("split") ?? defaultSplit();
  const split = asked === ALL ? null : asked;
  const all = query.get("columns") === "all";
  const columns = COLUMNS.filter((column) => all || column.shown || (column.name === "split" && split === null));
  const by = COLUMNS.find((column) => column.name === query.get("sort")) ?? COLUMNS[0];
  const falling = query.get("down") === "1";
  const byRank = by.name === "rank" && !falling;
  const ordered = byRank ? rows : sorted(rows, by, falling);
  const most = query.get("rows") === "all" ? rows.length : AT_ONCE;
  const shown = ordered.slice(0, most);
  const head = h("tr", {}, columns.map((column) => heading(column, by, falling, query)));
  const bodies = byRank ? bySection(shown, columns, split) : [h("tbody", {}, shown.map((row) => boardRow(row, columns, "", split)))];
  announce(`${plural(rows.length, "row")}, sorted by ${by.words}`);
  return [
    h("div", { class: "scroll board-box", tabindex: 0, role: "region", "aria-label": "Leaderboard" },
      h("table", { id: "rows", class: "board" },
        h("caption", {}, `Leaderboard: ${plural(rows.length, "row")}`, h("span", { class: "note" }, byRank ? ": rows with one bracket share a rank, for equally many rows are clearly better; two of them may still differ, so compare them" : "")),
        h("thead", {}, head),
        rows.length ? bodies : h("tbody", {}, h("tr", {}, h("td", { colspan: columns.length }, "No row fits: ", h("a", { href: "#board" }, "reset the filters"), "."))))),
    rows.length > most ? h("p", {}, h("a", { id: "more-rows", href: at("board", { ...Object.fromEntries(query), rows: "all" }) }, `Show the other ${plural(rows.length - most, "row")}`)) : null,
  ];
}

function heading(column, by, falling, query) {
  const active = column.name === by.name;
  const sort = active ? (falling ? "descending" : "ascending") : null;
  // The first click shows what people look for: the highest accuracy, else the smallest or A to Z.
  const down = active ? !falling : column.name === "acc";
  const next = { ...Object.fromEntries(query), sort: column.name, down: down ? "1" : "" };
  return h("th", { scope: "col", "aria-sort": sort, class: column.number ? "number" : null, title: column.hint ?? null },
    h("button", { type: "button", id: `sort-${column.name}`, on: { click: () => go(at("board", next)) } },
      column.words, h("span", { "aria-hidden": "true", class: "arrow" }, active ? (falling ? " ▼" : " ▲") : "")));
}

function sorted(rows, by, falling) {
  const sign = falling ? -1 : 1;
  const compared = (one, other) => {
    const [a, b] = [by.of(one), by.of(other)];
    if (a === null || b === null) return (a === null) - (b === null); // unknown last, either way
    const order = typeof a === "number" ? a - b : a < b ? -1 : a > b ? 1 : 0;
    return sign * order || one.place - other.place;
  };
  return [...rows].sort(compared);
}

/** A body for each section and split: ranked rows, those of one rank bracketed, then the others. */
function bySection(rows, columns, split) {
  const groups = new Map();
  for (const row of rows) {
    const name = classOf(row);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(row);
  }
  return [...groups.values()].map((group) => {
    const [title, words] = DATA.sections[group[0].obtained];
    const head = h("tr", { class: "section" }, h("th", { colspan: columns.length, scope: "colgroup" },
      `${title}${group[0].split === split ? "" : `, ${group[0].split}`}${group[0].foreign && group[0].obtained === "measured" ? ", other prompts" : ""}. `, h("span", { class: "note" }, words)));
    const ranked = group.filter((row) => row.rank !== undefined);
    const others = group.filter((row) => row.rank === undefined);
    const tie = (row, i) => {
      const before = ranked[i - 1]?.rank === row.rank;
      const after = ranked[i + 1]?.rank === row.rank;
      return before && after ? "tied" : before ? "tied last" : after ? "tied first" : "";
    };
    const below = ranked.length && others.length
      ? h("tr", { class: "section" }, h("th", { colspan: columns.length, scope: "colgroup" }, h("span", { class: "note" }, "Without a rank: exact search, right answers that helped, part of a split, or figures without responses.")))
      : null;
    return h("tbody", {}, groups.size > 1 || group[0].obtained !== "measured" ? head : null,
      ranked.map((row, i) => boardRow(row, columns, tie(row, i), split)), below,
      others.map((row) => boardRow(row, columns, "", split)));
  });
}

function boardRow(row, columns, tie, split) {
  return h("tr", { class: tie || null }, columns.map((column) => boardCell(row, column, tie, split)));
}

function boardCell(row, column, tie, split) {
  switch (column.name) {
    case "rank":
      return h("td", { class: "number rank" }, row.rank === undefined ? "–" : String(row.rank),
        tie && row.rank !== undefined ? h("span", { class: "hidden" }, " shared") : null);
    case "model":
      return h("th", { scope: "row" }, h("a", { href: at("row", { key: row.key }) }, row.model), " ",
        row.obtained === "measured" ? null : h("span", { class: "tag" }, row.obtained),
        row.near ? h("span", { class: "tag", title: "nearly the same hands, as published" }, `${row.n} hands, nearly these`) : null,
        isWhole(row) ? null : h("span", { class: "tag" }, `${row.n} of ${whole(DATA.splits[row.split])} hands`),
        row.exact ? h("span", { class: "tag" }, "exact search, no model") : null,
        row.teacher && !row.exact ? h("span", { class: "tag", title: `a student of ${row.teacher}` }, "taught") : null,
        row.helped ? h("span", { class: "tag" }, "right answers helped") : null);
    case "method":
      return h("td", {}, h("span", { class: `dot c-${familyOf(row)[1]}`, "aria-hidden": "true" }), row.label,
        h("span", { class: "note nowrap" }, ` ${row.shots ?? "?"}-shot${row.prompt === "chat" ? ", chat" : ""}`));
    case "acc":
      return h("td", { class: "number acc" }, accuracyBar(row), h("b", {}, percent(row.acc)), h("span", { class: "note interval" }, bracket(row.low, row.high)));
    case "total":
      return h("td", { class: "number" }, costOf(row) === undefined ? "–" : `${row.total === undefined ? "~ " : ""}${whole(costOf(row))}`);
    case "size":
      return h("td", { class: "number" }, row.size ?? "–");
    case "tokens":
      return h("td", { class: "number" }, whole(row.tokens));
    case "n":
      return h("td", { class: "number" }, `${row.n}${isWhole(row) && !row.near ? "" : ` of ${whole(DATA.splits[row.split])}`}${row.repeats > 1 ? ` × ${row.repeats}` : ""}`);
    default: {
      const value = column.of(row);
      return h("td", { class: column.number ? "number" : null }, value === null || value === "" ? "–" : String(value));
    }
  }
}

/** The interval as a bar, so that overlaps are seen at a glance. */
function accuracyBar(row) {
  const at100 = (share) => 100 * share;
  return s("svg", { class: "ci", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("rect", { class: "rail", x: 0, y: 4, width: 100, height: 2 }),
    row.low === undefined ? null : s("rect", { class: `c-${familyOf(row)[1]} span`, x: at100(row.low), y: 2, width: Math.max(0.5, at100(row.high - row.low)), height: 6 }),
    s("rect", { class: "at", x: at100(row.acc) - 0.6, y: 0, width: 1.2, height: 10 }));
}
