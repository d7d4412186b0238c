/*
 * The figures: accuracy against size and tokens, where responses first fail, over splits, studies.
 */

function figuresView() {
  return [
    h("h1", {}, "Figures"),
    h("p", { class: "lead" }, "Each is drawn from the rows of this page, with 95% intervals, and stands below as a table, too."),
    sizeFigure(), tokenFigure(), failFigure(), splitFigure(), ...DATA.studies.map(studyFigure),
  ].filter(Boolean);
}

function figured(title, words, picture, colours, headings, rows) {
  return h("section", {}, h("h2", {}, title), h("figure", {}, picture, h("figcaption", {}, legend(...colours), words)), asTable(title, headings, rows));
}

const SHAPES = [["measured here", "measured"], ["rescored", "rescored"], ["as reported", "reported"]];
const PROMPTED = [["IO", "io"], ["CoT", "cot"], ["One-Step ToT", "onestep"]];

function sizeFigure() {
  const rows = ROWS.filter((row) => isOf(row, defaultSplit()) && isWhole(row) && row.method in { io: 1, cot: 1, onestep_tot: 1 } && !row.exact);
  const sized = rows.filter((row) => row.parameters !== undefined);
  if (!sized.length) return null;
  const most = Math.max(...sized.map((row) => row.parameters));
  const strip = most * 30; // where models stand whose size nobody published
  const best = bestOf(rows, (row) => row.model);
  const points = rows.map((row) => ({ x: row.parameters ?? strip, y: row.acc, low: row.low, high: row.high, colour: familyOf(row)[1], shape: row.obtained, hollow: !row.teacher && row.obtained === "measured", words: `${nameOf(row)}: ${row.size ?? "size unknown"}, ${percent(row.acc)} ${bracket(row.low, row.high)}`, href: at("row", { key: row.key }), label: best.has(row) && row.acc > 0.05 ? row.model : null }));
  const unknown = rows.some((row) => row.parameters === undefined);
  const axis = { words: "parameters (log scale)", log: true };
  const ticks = logTicks(Math.min(...sized.map((row) => row.parameters)) / 1.25, most * 2).map((tick) => [tick, shortCount(tick)]);
  return figured(`Accuracy against size, ${defaultSplit()}`, "Hollow: a model as it comes. Filled: a student of this project, or published.",
    plot(points, { title: "Accuracy against size", x: { ...axis, ticks, to: unknown ? strip * 1.6 : most * 2 }, strip: unknown ? [strip, "unknown"] : null }), [PROMPTED, SHAPES],
    ["row", "parameters", "accuracy"], rows.map((row) => [rowLink(row), row.size ?? "unknown", figureOf(row)]));
}

function bestOf(rows, by) {
  const best = new Map();
  for (const row of rows) if ((best.get(by(row))?.acc ?? -1) < row.acc) best.set(by(row), row);
  return new Set(best.values());
}

function rowLink(row) {
  return h("a", { href: at("row", { key: row.key }) }, nameOf(row));
}

function figureOf(row) {
  return `${percent(row.acc)} ${bracket(row.low, row.high)}`;
}

function tokenFigure() {
  const rows = ROWS.filter((row) => isOf(row, defaultSplit()));
  const drawn = rows.filter((row) => costOf(row) > 0 && !row.exact && isWhole(row));
  if (!drawn.length) return null;
  return h("section", {}, h("h2", {}, `Accuracy against tokens, ${defaultSplit()}`), costFigure(rows, defaultSplit()),
    asTable("Accuracy against tokens", ["row", "tokens a hand", "accuracy"], drawn.map((row) => [rowLink(row), `${row.total === undefined ? "~ " : ""}${whole(costOf(row))}`, figureOf(row)])));
}

/** CoT beside One-Step ToT of one model: of several rows of a method the one with the fewest shots. */
function failFigure() {
  const models = new Map();
  for (const row of ROWS) {
    if (row.split !== defaultSplit() || !isWhole(row) || !row.places || row.exact || !(row.method in { cot: 1, onestep_tot: 1 })) continue;
    const of = models.get(row.model) ?? {};
    // Of several rows the plainest: the fewest shots, plain text before chat, as tables/first_failures.py.
    const plainness = (one) => [one.shots, one.prompt === "plain" ? 0 : 1];
    if (!of[row.method] || String(plainness(row)) < String(plainness(of[row.method]))) of[row.method] = row;
    models.set(row.model, of);
  }
  const both = [...models].filter(([, of]) => of.cot && of.onestep_tot).sort((one, other) => other[1].onestep_tot.acc - one[1].onestep_tot.acc).slice(0, 4);
  if (!both.length) return null;
  const parts = both.map(([model, of]) => {
    const [cot, search] = [placesOf(of.cot), placesOf(of.onestep_tot)];
    const places = [...new Set([...cot, ...search].map((one) => one.place))].sort((one, other) => placeOrder(one) - placeOrder(other));
    const bar = (shares, place, words) => {
      const one = shares.find((share) => share.place === place) ?? { share: 0, low: 0, high: 0 };
      return { value: one.share, low: one.low, high: one.high, words: `${words}, ${placeName(place)}: ${percent(one.share)}` };
    };
    const groups = places.map((place) => ({ name: placeName(place), bars: [bar(cot, place, "CoT"), bar(search, place, "One-Step ToT")] }));
    const title = `Where ${model} first fails: CoT against One-Step ToT`;
    return [h("h3", {}, model), h("figure", {}, bars(groups, [["CoT", "cot"], ["One-Step ToT", "onestep"]], title, 260), h("figcaption", {}, legend(PROMPTED.slice(1)))),
      asTable(title, ["place", "CoT", "One-Step ToT"], groups.map((group) => [group.name, ...group.bars.map((one) => percent(one.value))]))];
  });
  return h("section", {}, h("h2", {}, "Where responses first fail"), h("p", {}, "The thought of the final attempt that first breaks a rule, the answer, or no thought at all; “right” is the rest."), parts);
}

function splitFigure() {
  const series = new Map();
  for (const row of ROWS) {
    if (row.obtained !== "measured" || row.exact || !isWhole(row) || !(row.method in { io: 1, cot: 1, onestep_tot: 1 })) continue;
    const name = `${row.model}, ${row.label}, ${askedAs(row)}`;
    if (!series.has(name)) series.set(name, []);
    series.get(name).push(row);
  }
  const shown = [...series].filter(([, rows]) => new Set(rows.map((row) => row.split)).size >= 4).slice(0, 6);
  if (!shown.length) return null;
  const order = Object.keys(DATA.splits).filter((split) => shown.some(([, rows]) => rows.some((row) => row.split === split)));
  const points = shown.flatMap(([name, rows], k) => rows.map((row) => ({ x: order.indexOf(row.split) + (k - (shown.length - 1) / 2) * 0.12, y: row.acc, low: row.low, high: row.high, colour: `series-${k}`, shape: row.obtained, words: `${name} on ${row.split}: ${figureOf(row)}`, href: at("row", { key: row.key }) })));
  const title = "Accuracy over splits: what holds beyond the published hands";
  return figured(title, ["What each split asks: ", doc("splits.md"), "."],
    plot(points, { title, x: { words: "", from: -0.5, to: order.length - 0.5, ticks: order.map((split, i) => [i, shortSplit(split)]) } }), [shown.map(([name], k) => [name, `series-${k}`])],
    ["row", ...order], shown.map(([name, rows]) => [name, ...order.map((split) => { const row = rows.find((one) => one.split === split); return row ? figureOf(row) : "–"; })]));
}

function studyFigure(study) {
  const tests = [...new Set(study.rows.map((row) => row.test))];
  const groups = [...new Set(study.rows.map((row) => row.group))];
  const cell = (group, test) => {
    const row = study.rows.find((one) => one.group === group && one.test === test);
    return row ? { value: row.accuracy, low: row.low, high: row.high, words: `${group} on ${test}: ${percent(row.accuracy)} ${bracket(row.low, row.high)}` } : null;
  };
  const colours = tests.map((test, k) => [test, `series-${k}`]);
  const title = `Study “${study.name}”: accuracy of its groups`;
  return figured(title, ["Every group of the study, by test. Groups differ in what their names say (method, size, teacher); which differences were declared beforehand and what they show: ", doc("study.md"), "."],
    bars(groups.map((group) => ({ name: group.length > 22 ? `${group.slice(0, 21)}…` : group, bars: tests.map((test) => cell(group, test)) })), colours, title), [colours],
    ["group", ...tests], groups.map((group) => [group, ...tests.map((test) => { const one = cell(group, test); return one ? `${percent(one.value)} ${bracket(one.low, one.high)}` : "–"; })]));
}
