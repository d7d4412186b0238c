/*
 * Try a hand: all its solutions, how hard it is, and how people and models did on it.
 */

const MOST_NUMBERS = 5;

function tryView(query) {
  const text = query.get("hand") ?? "";
  const target = query.get("target") || "24";
  const submit = (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    go(at("try", { hand: form.get("hand").trim().replace(/[\s,;]+/g, " "), target: form.get("target") === "24" ? "" : form.get("target") }));
  };
  return [
    h("h1", {}, "Try a hand"),
    h("p", { class: "lead" }, "All solutions by exact search in this page, how hard the hand is, and who solved it."),
    h("form", { class: "filters", "aria-label": "The hand", on: { submit } },
      h("label", {}, "Numbers ", h("input", { id: "try-hand", name: "hand", value: text, inputmode: "numeric", placeholder: "4 5 6 10", required: true, autocomplete: "off" })),
      h("label", {}, "Target ", h("input", { id: "try-target", name: "target", value: target, inputmode: "numeric", size: 6, autocomplete: "off" })),
      h("button", { type: "submit", id: "try-solve" }, "Solve")),
    text ? outcome(text, target, query.get("rule") === "some") : h("p", {}, "Some to begin with: ", ["4 5 6 10", "3 3 8 8", "1 5 5 5", "1 1 1 1"].map((one) => [h("a", { href: at("try", { hand: one }) }, one), "  "])),
  ];
}

function outcome(text, targetText, some) {
  const parts = text.split(/[\s,;]+/).filter(Boolean);
  const numbers = parts.map(Number);
  const wrong = parts.length > 12 ? "A hand has at most 12 numbers." : parts.some((part) => !/^\d{1,4}$/.test(part) || Number(part) < 1) ? "Give whole numbers from 1 to 9999 with spaces between, such as 4 5 6 10."
      : !/^-?\d{1,5}$/.test(targetText) ? "The target is a whole number." : null;
  if (wrong) return h("p", { class: "conclusion", role: "alert" }, wrong);
  const target = Number(targetText);
  numbers.sort((one, other) => one - other);
  const hand = `${numbers.join(" ")}${target === 24 ? "" : ` = ${target}`}${some ? " (some)" : ""}`;
  const tooMany = numbers.length > MOST_NUMBERS || some;
  const found = tooMany ? [] : solvePuzzle(numbers, target);
  const rank = peopleRank(hand);
  const facts = tooMany ? [] : [["solutions", String(found.length)]];
  if (!tooMany && numbers.length > 1 && numbers.length <= 4 && target >= 0) {
    const hard = difficultyOf(numbers, target);
    facts.push(["first thoughts that keep it winnable", `${hard.winningFirst[0]} of ${hard.winningFirst[1]}`]);
    if (hard.expectedNodes !== null) facts.push(["states a guided search visits", hard.expectedNodes.toFixed(1)], ["band", hard.band]);
    if (hard.needsFraction !== null) facts.push(["needs a fraction", hard.needsFraction ? "yes" : "no"]);
  }
  if (rank !== null) facts.push(["for people", `difficulty rank ${rank} of 1,362, the higher the harder`]);
  const rows = ROWS.flatMap((row) => { const i = placeOf(row, hand); return i < 0 ? [] : [[row, i]]; });
  const solved = rows.filter(([row, i]) => letterOf(row, i) === "c").length;
  return [
    h("h2", { id: "outcome", tabindex: -1 }, tooMany ? hand : found.length ? `${hand}: ${plural(found.length, "solution")}` : `${hand}: no solution`),
    tooMany ? h("p", {}, some ? "Solutions that may leave numbers out are not looked for in this page: " : `More than ${MOST_NUMBERS} numbers are not solved in this page: `, h("code", {}, `tot24 solve ${numbers.join(" ")}${target === 24 ? "" : ` --target ${target}`}${some ? " --rule some" : ""}`)) : null,
    h("ol", { class: "solutions", id: "solutions" }, found.slice(0, 500).map((one) => h("li", {}, h("code", {}, one)))),
    found.length > 500 ? h("p", { class: "note" }, `… and ${found.length - 500} more`) : null,
    h("dl", { class: "facts" }, facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    h("h2", {}, rows.length ? `${solved} of ${plural(rows.length, "row")} solved it` : "No row was asked this hand"),
    rows.length ? table("How each row did on this hand", ["row", "result"], rows.map(([row, i]) => [
      row.withheld || row.hands === undefined ? nameOf(row) : h("a", { href: at("row", { key: row.key, hand }) }, nameOf(row)),
      [h("span", { class: `cell v-${letterOf(row, i)}`, "aria-hidden": "true" }, signOf(row, i)[0]), ` ${signOf(row, i)[1]}`]])) : null,
  ];
}
