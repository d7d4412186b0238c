/*
 * One hand of a row: the response beside its search as a checked tree, and another row's beside it.
 *
 * Keys of a node are those of `details.py`. Signs say all that colours say.
 */

function handView(row, query) {
  const hand = query.get("hand");
  const hands = handsOf(row);
  const place = hands.indexOf(hand);
  if (place < 0) return missing("No such hand", `${row.model} was not asked ${hand}.`);
  const beside = BY_KEY.get(query.get("beside"));
  const link = (i) => at("row", { key: row.key, hand: hands[i], beside: beside?.key });
  const others = ROWS.filter((one) => one !== row && placeOf(one, hand) >= 0);
  const choose = h("select", { id: "beside", on: { change: (event) => go(at("row", { key: row.key, hand, beside: event.target.value })) } },
    h("option", { value: "" }, "nothing"),
    others.map((one) => h("option", { value: one.key, selected: one === beside }, `${signOf(one, placeOf(one, hand))[0]} ${nameOf(one)}`)));
  const rank = peopleRank(hand);
  return [
    h("p", { class: "crumbs" }, h("a", { href: "#board" }, "Leaderboard"), " / ", h("a", { href: at("row", { key: row.key }) }, row.model), ` / ${hand}`),
    h("h1", {}, `${hand.includes("=") ? hand : `${hand} = 24`}`, h("small", { class: "note" }, ` ${row.model}, ${row.label}`)),
    h("p", { class: "bar" },
      place > 0 ? h("a", { href: link(place - 1), rel: "prev" }, "← hand before") : null,
      place + 1 < hands.length ? h("a", { href: link(place + 1), rel: "next" }, "next hand →") : null,
      h("a", { href: at("try", tried(hand)) }, "how everyone did"),
      rank === null ? null : h("span", { class: "note" }, `people's difficulty rank ${rank} of 1,362`)),
    h("label", { class: "wide" }, "Beside it: ", choose),
    h("div", { class: beside && placeOf(beside, hand) >= 0 ? "pair" : "single" }, side(row, hand), beside && placeOf(beside, hand) >= 0 ? side(beside, hand) : null),
    solutions(hand),
  ];
}

/** The parameters of the view that tries a hand out, of a hand's text. */
function tried(hand) {
  const some = hand.endsWith(" (some)");
  const [numbers, target] = hand.replace(" (some)", "").split(" = ");
  return { hand: numbers, target: target ?? "", rule: some ? "some" : "" };
}

function solutions(hand) {
  const { hand: numbers, target, rule } = tried(hand);
  const list = numbers.split(" ").map(Number);
  if (list.length > 5 || rule) return null; // the page's solver uses every number
  const box = h("details", {}, h("summary", {}, "The solver's solutions"));
  box.addEventListener("toggle", () => {
    if (box.childElementCount > 1) return;
    const found = solvePuzzle(list, target ? Number(target) : 24);
    box.append(found.length ? h("ol", { class: "solutions" }, found.map((one) => h("li", {}, h("code", {}, one)))) : h("p", {}, "There is none."));
  });
  return box;
}

/** One row's answer to a hand. */
function side(row, hand) {
  const place = placeOf(row, hand);
  const [sign, words] = signOf(row, place);
  const box = h("section", { class: "side" },
    h("h2", {}, h("span", { class: `cell v-${letterOf(row, place)}`, "aria-hidden": "true" }, sign), ` ${row.model}`),
    h("p", { class: "note" }, `${row.label}, ${askedAs(row)}: ${words}`));
  const waiting = h("p", { class: "note" }, "Opening the response …");
  box.append(waiting);
  detailsOf(row).then((all) => {
    waiting.remove();
    fill(box, all[place]);
  }, (error) => { waiting.textContent = error.message; });
  return box;
}

function fill(box, details) {
  if (details.search) box.append(searchFacts(details.search));
  details.responses.forEach((response, i) => {
    if (details.responses.length > 1) box.append(h("h3", {}, `Response ${i + 1}${details.all ? ` of ${details.all}, of which ${details.responses.length} are shown` : ""}`));
    box.append(h("p", {}, h("b", {}, response.right ? "✓ right" : "✗ wrong"), `: ${response.reason || response.verdict}`,
      response.answer ? [h("br"), "answer ", h("code", {}, seen(response.answer))] : null,
      response.tokens ? h("span", { class: "note" }, ` · ${plural(response.tokens, "token")}${response.truncated ? ", cut off by the limit" : ""}`) : null));
    const lines = response.text.split("\n").map((line, n) => h("li", { "data-line": n + 1 }, seen(line) || " "));
    const text = h("ol", { class: "text", dir: "ltr" }, lines);
    const holder = h("div", { class: "reading", tabindex: 0, role: "region", "aria-label": "The response, line by line" }, text);
    if (response.cut) holder.append(h("p", { class: "note" }, `… cut here: the response has ${whole(response.cut)} characters, the submission all of them.`));
    if (response.nodes) {
      const watched = watch(response.nodes, response.thoughts, lines, details.search ? "Its first answer, checked" : "Its search, checked");
      box.append(h("div", { class: "both" }, h("div", {}, h("h3", {}, details.search ? "The answer it ranks first" : "What it wrote"), holder), watched));
    } else box.append(h("h3", {}, details.search ? "The answer it ranks first" : "What it wrote"), holder);
  });
}

function searchFacts(search) {
  return h("div", {},
    h("p", {}, `A search in many calls: ${plural(search.calls, "call")}, ${plural(search.states, "state")}${search.tokens ? `, ${whole(search.tokens)} tokens written` : ""}. ${plural(search.ended, "answer")} at its end, ${search.right} of them right. Of the states it visited only its own log knows more: `, h("code", {}, "tot24 tree"), "."),
    search.finals.length > 1 ? h("details", {}, h("summary", {}, "Its answers, the one it ranks first in front"),
      h("ol", {}, search.finals.map(([final, right]) => h("li", {}, right ? "✓ " : "✗ ", h("code", {}, seen(final))))),
      search.ended > search.finals.length ? h("p", { class: "note" }, `and ${search.ended - search.finals.length} more`) : null) : null);
}

/** The tree, and buttons that walk through it thought by thought beside the lines of the response. */
function watch(nodes, all, lines, title) {
  const items = nodes.map((node) => h("li", {}, nodeWords(node)));
  const lists = new Map();
  nodes.forEach((node, i) => {
    if (node.p < 0) return;
    if (!lists.has(node.p)) {
      lists.set(node.p, h("ul", {}));
      items[node.p].append(lists.get(node.p));
    }
    lists.get(node.p).append(items[i]);
  });
  const onPath = new Set();
  let end = nodes.findIndex((node) => node.r !== undefined);
  for (; end >= 0; end = nodes[end].p) onPath.add(end);
  onPath.forEach((i) => items[i].classList.add("path"));
  const order = nodes.map((_, i) => i).filter((i) => nodes[i].n).sort((a, b) => nodes[a].n - nodes[b].n || a - b);
  let now = -1;
  const where = h("output", { "aria-live": "polite" }, `${plural(order.length, "thought")}`);
  const step = (to) => {
    [...items, ...lines].forEach((one) => one.classList.remove("now", "later"));
    now = Math.max(-1, Math.min(order.length - 1, to));
    if (now < 0) { where.textContent = plural(order.length, "thought"); return; }
    order.slice(now + 1).forEach((i) => items[i].classList.add("later"));
    const node = nodes[order[now]];
    items[order[now]].classList.add("now");
    lines[node.n - 1]?.classList.add("now");
    lines.slice(node.n).forEach((line) => line.classList.add("later"));
    where.textContent = `thought ${now + 1} of ${order.length}: ${node.t}`;
    const line = lines[node.n - 1];
    const box = line?.closest(".reading");
    if (box) box.scrollTop = line.offsetTop - box.clientHeight / 2;
  };
  const button = (words, label, act) => h("button", { type: "button", "aria-label": label, on: { click: act } }, words);
  const sound = nodes.filter((node) => node.j);
  const said = sound.flatMap((node) => node.j.map(([, truth]) => truth));
  return h("div", { class: "watch" }, h("h3", {}, title),
    h("p", { class: "bar" },
      button("whole", "The whole search", () => step(-1)), button("‹ back", "The thought before", () => step(now - 1)),
      button("next ›", "The next thought", () => step(now + 1)), where),
    h("ul", { class: "tree" }, items[0]),
    h("p", { class: "note" },
      all ? `The first ${nodes.length - 1} of ${all.toLocaleString("en-US")} thoughts. ` : "",
      said.length ? `${plural(said.length, "judgement")}: ${said.filter((one) => one === 1).length} true ✓, ${said.filter((one) => one === 0).length} false ✗${said.includes(null) ? `, ${said.filter((one) => one === null).length} of states that nobody can judge` : ""}. ` : "",
      nodes.some((node) => node.k) ? "A pair that was tried is judged by whether joining its two numbers first can win; that it was given up is read from what follows. " : "",
      "● these numbers can still win, ○ they cannot; ⚠ a rule is broken; ↺ come to before. The truth is exact arithmetic."));
}

function nodeWords(node) {
  const words = [node.k ? h("span", { class: "left" }, "pair ") : null, h("code", {}, node.t || node.l)];
  if (node.t && node.l) words.push(h("span", { class: "left" }, ` → ${node.l}`));
  if (node.w !== undefined) words.push(node.w ? h("span", { class: "alive", title: "can still win" }, " ●", h("span", { class: "hidden" }, " can win")) : h("span", { class: "dead", title: "cannot win" }, " ○", h("span", { class: "hidden" }, " cannot win")));
  for (const [said, truth] of node.j ?? []) {
    words.push(h("span", { class: truth === 1 ? "true" : truth === 0 ? "false" : "left" }, ` ${node.k ? (said === "sure" ? "taken" : "given up") : said}${truth === 1 ? " ✓" : truth === 0 ? " ✗" : ""}`));
  }
  if (node.f) words.push(h("span", { class: "fault" }, ` ⚠ ${node.f}`));
  if (node.a) words.push(h("span", { class: "left" }, " ↺ again"));
  if (node.r !== undefined) words.push(h("span", { class: node.r ? "true" : "false" }, node.r ? " answer right ✓" : " answer wrong ✗"));
  return h("span", { class: "node" }, words);
}
