/*
 * Two rows beside each other: what may be concluded, the paired table, and where they disagree.
 */

function compareView(query) {
  const [a, b] = [BY_KEY.get(query.get("a")), BY_KEY.get(query.get("b"))];
  const choose = (name, row, other) => {
    const fits = ROWS.filter((one) => one !== other);
    return h("label", { class: "wide" }, `${name === "a" ? "First" : "Second"} `,
      h("select", { id: `pick-${name}`, on: { change: (event) => go(at("compare", { a: a?.key, b: b?.key, [name]: event.target.value })) } },
        h("option", { value: "" }, "choose a row"),
        Object.keys(DATA.splits).map((split) => h("optgroup", { label: split },
          fits.filter((one) => one.split === split).map((one) => h("option", { value: one.key, selected: one === row }, `${nameOf(one)}, ${percent(one.acc)}`))))));
  };
  return [
    h("h1", {}, "Compare two rows"),
    h("p", { class: "lead" }, "On the hands that both answered: a paired test, and what it allows to say."),
    h("form", { class: "filters", "aria-label": "The two rows", on: { submit: (event) => event.preventDefault() } },
      choose("a", a, b), choose("b", b, a),
      a && b ? h("button", { type: "button", id: "swap", on: { click: () => go(at("compare", { a: b.key, b: a.key })) } }, "swap") : null),
    a && b ? compared(a, b) : h("p", {}, "Choose two rows, or open a row of the leaderboard and follow one of its links to compare."),
  ];
}

function compared(a, b) {
  const pairing = pairRows(pairable(a), pairable(b));
  const { test } = pairing;
  const parts = [h("p", { class: "conclusion", id: "conclusion" }, conclusionOf(pairing))];
  if (test?.drawn) parts.push(h("p", { class: "note" }, "Drawn anew in this page: the last digit may differ from what ", h("code", {}, "tot24 compare"), " prints."));
  if (pairing.warnings.length) parts.push(h("h2", {}, "Not like with like"), h("ul", {}, pairing.warnings.map((one) => h("li", {}, one))));
  if (test?.counts) {
    const { both, onlyFirst, onlySecond, neither } = test.counts;
    parts.push(h("h2", {}, "The paired table"),
      table(`Hands by who is right, of ${test.hands}`, ["", `${b.model} right`, `${b.model} wrong`], [
        [`${a.model} right`, String(both), String(onlyFirst)],
        [`${a.model} wrong`, String(onlySecond), String(neither)]]));
  }
  if (test) parts.push(disagreements(a, b));
  parts.push(h("p", { class: "note" }, "The same in a terminal: ", h("code", {}, `tot24 compare ${a.key} ${b.key}`)));
  return parts;
}

function disagreements(a, b) {
  const share = (row, i) => (row.counts ? row.counts[i][0] / row.counts[i][1] : Number(row.letters[i] === "c"));
  const found = handsOf(a).flatMap((hand, i) => {
    const j = placeOf(b, hand);
    return j >= 0 && share(a, i) !== share(b, j) ? [{ hand, i, j, by: share(a, i) - share(b, j) }] : [];
  });
  found.sort((one, other) => other.by - one.by);
  const sign = (row, i) => [h("span", { class: `cell v-${letterOf(row, i)}`, "aria-hidden": "true" }, signOf(row, i)[0]), ` ${signOf(row, i)[1]}`];
  return h("section", {}, h("h2", {}, found.length ? `${plural(found.length, "hand")} on which they disagree` : "They agree on every hand"),
    found.length ? table("Hands on which the two differ", ["hand", a.model, b.model], found.map(({ hand, i, j }) => [
      h("a", { href: at("row", { key: a.key, hand, beside: b.key }) }, hand), sign(a, i), sign(b, j)])) : null);
}
