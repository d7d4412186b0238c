/*
 * The rows of the leaderboard: what they are called, how their hands went, and their details.
 */

const ROWS = DATA.rows;
const BY_KEY = new Map(ROWS.map((row) => [row.key, row]));
ROWS.forEach((row, i) => { row.place = i; });

/** Method families: how the legend calls them, and the name of their colour. */
const FAMILIES = {
  io: ["IO", "io"],
  cot: ["CoT", "cot"],
  onestep_tot: ["One-Step ToT", "onestep"],
  tot_bfs: ["tree search", "tree"],
  tot_dfs: ["tree search", "tree"],
  mcts: ["tree search", "tree"],
  self_consistency: ["votes, best of k, refine", "votes"],
  best_of_k: ["votes, best of k, refine", "votes"],
  refine: ["votes, best of k, refine", "votes"],
};

/** The family of a row; one that others published is told by what its label says. */
function familyOf(row) {
  const own = Object.hasOwn(FAMILIES, row.method) ? FAMILIES[row.method] : null;
  if (own) return own;
  if (/\bToT\b|tree/i.test(row.label)) return FAMILIES.tot_bfs;
  if (/best of|consistency|refine/i.test(row.label)) return FAMILIES.best_of_k;
  return /\bCoT\b|chain/i.test(row.label) ? FAMILIES.cot : ["other prompts", "other"];
}

function handsOf(row) {
  return row.hands === undefined ? [] : DATA.hands[row.hands];
}

/** The place of a hand among those that a row was asked; -1 where it was not. */
function placeOf(row, hand) {
  return handsOf(row).indexOf(hand);
}

/** How a hand went, as a letter of DATA.letters; of several responses, whether more than half are right. */
function letterOf(row, place) {
  if (row.letters) return row.letters[place];
  const [right, responses] = row.counts[place];
  return 2 * right > responses ? "c" : "v";
}

function signOf(row, place) {
  if (row.counts) {
    const [right, responses] = row.counts[place];
    return [`${right}/${responses}`, `${right} of ${responses} responses right`];
  }
  return DATA.letters[row.letters[place]];
}

/** Shots and form of the prompt, in words. */
function askedAs(row) {
  const shots = row.shots === undefined ? "shots unknown" : `${row.shots}-shot`;
  return `${shots}, ${row.prompt}`;
}

/** A row in words that tell it from the others. */
function nameOf(row) {
  return `${row.model} · ${row.label} · ${askedAs(row)} · ${row.split}${row.obtained === "measured" ? "" : ` · ${row.obtained}`}`;
}

/** Tokens of one answer to a hand: prompt and response, or all of a search; the response's where no more is known. */
function costOf(row) {
  return row.total === undefined ? row.tokens : row.total / row.repeats;
}

/** The row as pairing.js reads it. */
function pairable(row) {
  const hands = handsOf(row).map((hand, i) =>
    row.counts ? [hand, ...row.counts[i]] : [hand, row.letters[i] === "c" ? 1 : 0, 1]);
  const known = { shots: null, low: null, high: null };
  return { ...known, ...row, hands };
}

/** Whether a row was asked a split, or was published for nearly the same hands. */
function isOf(row, split) {
  return row.split === split || (row.near === true && split === DATA.published);
}

/** Whether a row is of all hands of its split, or was published for nearly all: figures show no parts. */
function isWhole(row) {
  return row.near === true || (DATA.splits[row.split] ?? row.n) === row.n;
}

/** Rows that one rank counts: obtained alike, on one split, with this benchmark's prompts or others'. */
function classOf(row) {
  return `${row.obtained}\u0000${row.split}\u0000${row.foreign}`;
}

/** People's rank of a hand of the published lists; null of another. */
function peopleRank(hand) {
  return Object.hasOwn(DATA.ranks, hand) ? DATA.ranks[hand] : null;
}

const opened = new Map();

/** The details of a row, hand by hand; rejects with words for the reader where there are none. */
function detailsOf(row) {
  if (!opened.has(row.key)) {
    const found = load(row);
    found.catch(() => opened.delete(row.key));
    opened.set(row.key, found);
  }
  return opened.get(row.key);
}

async function load(row) {
  if (row.withheld) throw new Error("The responses are withheld: whoever published them has the text, this project their hashes.");
  if (row.hands === undefined) throw new Error("The source reports a figure and no responses.");
  if (row.details !== undefined) {
    if (document.readyState === "loading") {
      await new Promise((done) => document.addEventListener("DOMContentLoaded", done, { once: true }));
    }
    return unpacked(document.getElementById(`details-${row.details}`).textContent);
  }
  if (location.protocol === "file:") {
    throw new Error("This page holds the responses of its first rows only. Those of this one are there when the page is served: tot24 leaderboard serve");
  }
  const answer = await fetch(`details/${row.file}`);
  if (!answer.ok) throw new Error(`The responses could not be loaded (${answer.status}).`);
  const { places, hands } = await answer.json();
  row.places = places;
  return hands;
}

async function unpacked(block) {
  const bytes = Uint8Array.from(atob(block), (sign) => sign.charCodeAt(0));
  const text = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(text).json();
}
