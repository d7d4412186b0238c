/*
 * One row: its hands as a grid, its model's other rows, where it first fails, and what it is.
 */

/** What a place is called: a thought by its number, the answer, none at all, or right. */
function placeName(place) {
  return { "": "right", answer: "the answer", malformed: "no thought at all" }[place] ?? `thought ${place}`;
}

/** Thoughts in their order, then no thought, the answer, and right. */
function placeOrder(place) {
  return { malformed: 100, answer: 101, "": 102 }[place] ?? Number(place);
}

function rowView(query) {
  const row = BY_KEY.get(query.get("key"));
  if (!row) return missing("No such row", `No row is called ${query.get("key") ?? ""}.`);
  if (query.get("hand")) return handView(row, query);
  const siblings = ROWS.filter((one) => one.model === row.model);
  return [
    h("p", { class: "crumbs" }, h("a", { href: "#board" }, "Leaderboard"), " / ", row.model),
    h("h1", {}, row.model, h("small", { class: "note" }, ` ${row.label}, ${askedAs(row)}, ${row.split}`)),
    h("p", { class: "lead" }, `${row.label}, ${askedAs(row)}, ${handsAsked(row)}. ${DATA.sections[row.obtained][1]}`),
    h("p", { class: "bar" }, h("a", { href: at("compare", { a: row.key }) }, "compare it with another row")),
    h("dl", { class: "figures" },
      figure("accuracy", percent(row.acc), bracket(row.low, row.high)),
      figure("rank", row.rank === undefined ? "–" : String(row.rank), row.rank === undefined ? "not ranked" : `among ${ROWS.filter((one) => one.rank !== undefined && classOf(one) === classOf(row)).length} ranked rows`),
      figure("tokens a hand", row.total === undefined && row.tokens !== undefined ? `~ ${whole(row.tokens)}` : whole(row.total), row.tokens === undefined ? "not counted" : row.total === undefined ? "responses alone" : `${whole(row.tokens)} written`),
      figure("parameters", row.size ?? "–", row.precision ?? "")),
    row.notes.length ? h("ul", { class: "notes" }, row.notes.map((note) => h("li", {}, note))) : null,
    gridSection(row),
    bandSection(row),
    splitSection(row),
    failSection(row),
    h("section", {}, h("h2", {}, `All rows of ${row.model}`),
      table("Rows of this model", ["row", "accuracy", "tokens a hand", ""], siblings.map((one) => [
        h("a", { href: at("row", { key: one.key }), "aria-current": one === row ? "page" : null }, `${one.label}, ${askedAs(one)}, ${one.split}`),
        [h("b", {}, percent(one.acc)), " ", bracket(one.low, one.high)],
        whole(costOf(one)),
        one === row ? "this one" : h("a", { href: at("compare", { a: row.key, b: one.key }) }, "compare"),
      ]))),
    factSection(row),
  ];
}

/** Which hands, in words: all of a split, or some. */
function handsAsked(row) {
  const size = DATA.splits[row.split];
  return size && row.n < size ? `${row.n} of the ${size.toLocaleString("en-US")} hands of ${row.split}` : `the ${plural(row.n, "hand")} of ${row.split}`;
}

function missing(title, words) {
  return [h("h1", {}, title), h("p", {}, words, " ", h("a", { href: "#board" }, "To the leaderboard."))];
}

function figure(name, value, more) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, h("b", {}, value), " ", h("span", { class: "note" }, more)));
}

function gridSection(row) {
  const hands = handsOf(row);
  if (!hands.length) return h("section", {}, h("h2", {}, "Hands"), h("p", {}, "The source gives a figure and no hands."));
  const counts = new Map();
  if (row.letters) for (const letter of row.letters) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  const cells = hands.map((hand, i) => {
    const [sign, words] = signOf(row, i);
    return h("li", {}, h("a", { class: `cell v-${letterOf(row, i)}${row.counts ? " many" : ""}`, href: at("row", { key: row.key, hand }), tabindex: i ? -1 : 0, title: `${hand}: ${words}`, "aria-label": `${hand}: ${words}` }, sign));
  });
  return h("section", {}, h("h2", {}, `${plural(hands.length, "hand")}, each a click away`),
    h("p", { class: "note" }, "In the order asked, ten a line; arrow keys move through them."),
    h("ol", { class: "grid", on: { keydown: walk } }, cells),
    h("ul", { class: "legend" }, [...counts].map(([letter, count]) => h("li", {},
      h("span", { class: `cell v-${letter}`, "aria-hidden": "true" }, DATA.letters[letter][0]), `${DATA.letters[letter][1]}: ${count}`))));
}

/** Arrow keys move through the grid, which is one stop of the tab key. */
function walk(event) {
  const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 10, ArrowUp: -10 }[event.key];
  const cells = [...event.currentTarget.querySelectorAll("a")];
  const next = by && cells[cells.indexOf(document.activeElement) + by];
  if (!next) return;
  event.preventDefault();
  for (const cell of cells) cell.tabIndex = cell === next ? 0 : -1;
  next.focus();
}

/** Accuracy where hands are easy and where they are hard for people, in bands of published rank. */
function bandSection(row) {
  const hands = handsOf(row);
  const bands = new Map();
  hands.forEach((hand, i) => {
    const rank = peopleRank(hand);
    if (rank === null) return;
    const width = hands.length > 100 ? 100 : 20;
    const first = Math.floor((rank - 901) / width) * width + 901;
    const name = `${first}–${Math.min(first + width - 1, 1362)}`;
    const [right, responses] = row.counts ? row.counts[i] : [letterOf(row, i) === "c" ? 1 : 0, 1];
    const band = bands.get(name) ?? { name, means: [] };
    band.means.push(right / responses);
    bands.set(name, band);
  });
  if (bands.size < 2) return null;
  const found = [...bands.values()].sort((one, other) => parseInt(one.name, 10) - parseInt(other.name, 10)).map((band) => {
    const n = band.means.length;
    const right = band.means.reduce((sum, one) => sum + one, 0);
    const [low, high] = row.counts ? clusteredInterval(band.means) : wilsonInterval(right, n);
    return { name: band.name, n, acc: right / n, low, high };
  });
  const title = "Accuracy by people's difficulty rank, the hardest hands on the right";
  return h("section", {}, h("h2", {}, "Easy and hard hands"),
    h("figure", {}, bars(found.map((band) => ({ name: band.name, bars: [{ value: band.acc, low: band.low, high: band.high, words: `rank ${band.name}: ${percent(band.acc)} of ${band.n}` }] })), [["accuracy", familyOf(row)[1]]], title, 240),
      h("figcaption", {}, `${title}.`)),
    asTable(title, ["people's rank", "hands", "accuracy"], found.map((band) => [band.name, String(band.n), `${percent(band.acc)} ${bracket(band.low, band.high)}`])));
}

/** The same model, method and prompt on every split it was asked. */
function splitSection(row) {
  const found = ROWS.filter((one) => (one === row || isWhole(one)) && one.model === row.model && one.label === row.label && one.shots === row.shots && one.prompt === row.prompt && one.obtained === row.obtained);
  if (found.length < 2) return null;
  const order = Object.keys(DATA.splits);
  found.sort((one, other) => order.indexOf(one.split) - order.indexOf(other.split));
  const title = `Accuracy of ${row.label} over splits`;
  const points = found.map((one, i) => ({ x: i, y: one.acc, low: one.low, high: one.high, colour: familyOf(one)[1], shape: one.obtained, hollow: one !== row, words: `${one.split}: ${percent(one.acc)} ${bracket(one.low, one.high)}`, href: at("row", { key: one.key }) }));
  return h("section", {}, h("h2", {}, "Over splits"),
    h("figure", {}, plot(points, { title, x: { words: "", from: -0.5, to: found.length - 0.5, ticks: found.map((one, i) => [i, shortSplit(one.split)]) }, high: 300 }),
      h("figcaption", {}, "Each mark opens its row; this row's is filled.")),
    asTable(title, ["split", "hands", "accuracy"], found.map((one) => [h("a", { href: at("row", { key: one.key }) }, one.split), String(one.n), `${percent(one.acc)} ${bracket(one.low, one.high)}`])));
}

function shortSplit(name) {
  return name.length > 14 ? `${name.slice(0, 13)}…` : name;
}

/** Where the final attempt of each response first fails. */
function failSection(row) {
  const section = h("section", {}, h("h2", {}, "Where it first fails"));
  const show = () => {
    const shares = placesOf(row);
    const title = "Where the final attempt of a response first fails";
    section.append(
      h("figure", {}, bars(shares.map((one) => ({ name: placeName(one.place), bars: [{ value: one.share, low: one.low, high: one.high, words: `${placeName(one.place)}: ${percent(one.share)}` }] })), [["share", familyOf(row)[1]]], title, 240),
        h("figcaption", {}, `${title}: at the thought that first breaks a rule, at the answer, or before there is any thought.`)),
      asTable(title, ["place", "share of responses"], shares.map((one) => [placeName(one.place), `${percent(one.share)} ${bracket(one.low, one.high)}`])));
  };
  if (row.places) show();
  else if (row.file && location.protocol !== "file:") detailsOf(row).then(show, () => {});
  else return null;
  return section;
}

function placesOf(row) {
  const known = new Set(["1", "2", "3", "answer", "", ...row.places.flat()]);
  const single = row.places.every((places) => places.length === 1);
  return [...known].sort((one, other) => placeOrder(one) - placeOrder(other)).map((place) => {
    const means = row.places.map((places) => places.filter((one) => one === place).length / places.length);
    const sum = means.reduce((so, one) => so + one, 0);
    const [low, high] = single ? wilsonInterval(sum, means.length) : clusteredInterval(means);
    return { place, share: sum / means.length, low, high };
  });
}

function asTable(caption, headings, rows) {
  return h("details", { class: "as-table" }, h("summary", {}, "The same as a table"), table(caption, headings, rows));
}

function factSection(row) {
  const facts = [
    ["key", h("code", {}, row.key)],
    ["teacher", row.teacher],
    ["trained on", row.trained && `${row.trained}: ${row.trained === "deck" ? "hands of the deck alone" : "hands beyond the deck, too"}`],
    ["made from", row.base],
    ["licence", row.licence],
    ["link", row.link && outside(row.link)],
    ["source", row.source],
    ["date", row.created],
    ...Object.entries(row.settings).map(([name, value]) => [name, value === null ? "not known" : String(value)]),
    ...Object.entries(row.metrics).map(([name, value]) => [{ valid: "uses the right numbers", answered: "answers", false_claim: "claims 24 falsely", truncated: "cut off" }[name] ?? name, percent(value)]),
    ["versions", Object.entries(row.versions).map((one) => one.join(" ")).join(", ")],
  ].filter(([, value]) => value);
  return h("section", {}, h("h2", {}, "What this row is"),
    h("dl", { class: "facts" }, facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    row.obtained === "measured" ? h("p", {}, "Check it: ", h("code", {}, "tot24 leaderboard verify"), " scores every response again.") : null);
}
