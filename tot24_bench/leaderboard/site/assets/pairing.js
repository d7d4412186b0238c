/*
 * Compare two rows of the leaderboard in the page, in the very words of `tot24 compare A B`.
 *
 * tot24_bench/leaderboard/tables/pairing.py and tot24_bench/statistics.py are the definition: what
 * they say is right, and this file follows them, down to the order in which numbers are
 * multiplied, because a figure that lies between two roundings would else be shown another way.
 * tests/site/test_pairing.py holds the two against each other.
 *
 * Where hands have several responses, the bootstrap and the sign-flip test of more than 13 hands
 * draw with another generator than numpy's. Their figures may then differ from Python's in the last
 * digit; `test.drawn` is true for these, so that the page can say so. Python's own rounding errors
 * are not followed: where a sum of shares is a half, or 0, but for them, the exact sum counts here.
 */
const {
  wilsonInterval,
  newcombeInterval,
  mcnemarP,
  signFlipP,
  clusteredInterval,
  pText,
  pairRows,
  conclusionOf,
  pythonFixed,
  pythonRound,
} = (() => {
  const Z = 1.959963984540054; // the normal distribution's quantile of 0.975: all ends are 95% ends
  const RESAMPLES = 9999;
  const SEED = 24;
  const SIGNIFICANT = 0.05;
  const SAME = 1e-9;
  const MAX_KEY_CHARS = 200;

  // ---- Numbers as Python writes them

  /**
   * A number as Python's `:.1f` and the like: halves go to the even digit, and zero keeps its sign.
   *
   * toFixed takes halves away from zero: a p of 0.0625 would be 0.063 here and 0.062 there.
   */
  function fixed(value, digits) {
    const size = Math.abs(value);
    let text = size.toFixed(digits);
    const isHalf = Math.abs((size * 2 ** (digits + 1)) % 2) === 1;
    if (isHalf && Number(text.at(-1)) % 2 === 1) {
      text = (size - 0.25 / 10 ** digits).toFixed(digits);
    }
    return value < 0 || Object.is(value, -0) ? `-${text}` : text;
  }

  /** A whole number as Python's `round`: halves go to the even one. */
  function rounded(value) {
    const below = Math.floor(value);
    const rest = value - below;
    if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
    return below % 2 === 0 ? below : below + 1;
  }

  function plainSum(values) {
    return values.reduce((sum, value) => sum + value, 0);
  }

  /** A sum that no order of the values changes: Shewchuk's, as Python's `fsum` takes it. */
  function exactSum(values) {
    let partials = [];
    for (let value of values) {
      const kept = [];
      for (let partial of partials) {
        if (Math.abs(value) < Math.abs(partial)) [value, partial] = [partial, value];
        const high = value + partial;
        const low = partial - (high - value);
        if (low !== 0) kept.push(low);
        value = high;
      }
      partials = [...kept, value];
    }
    return plainSum(partials);
  }

  /** A p-value with three digits, or in powers of ten. */
  function pText(p) {
    if (p >= 0.001) return fixed(p, 3);
    return p.toExponential(1).replace(/e-(\d)$/, "e-0$1").replace("e+0", "e+00");
  }

  // ---- Intervals and tests

  /** Wilson's score interval of a share, without continuity correction; 0 to 1 of nothing. */
  function wilsonInterval(right, n) {
    if (n === 0) return [0, 1];
    const p = right / n;
    const denominator = 2 * (n + Z * Z);
    const center = (2 * n * p + Z * Z) / denominator;
    const delta = (Z / denominator) * Math.sqrt(4 * n * p * (1 - p) + Z * Z);
    return [right === 0 ? 0 : center - delta, right === n ? 1 : center + delta];
  }

  /** The interval of a difference of paired shares (Newcombe 1998, method 10). */
  function newcombeInterval(both, onlyFirst, onlySecond, neither) {
    const n = both + onlyFirst + onlySecond + neither;
    const rights = [both + onlyFirst, both + onlySecond];
    const shares = rights.map((right) => (n ? right / n : 0));
    const ends = rights.map((right) => wilsonInterval(right, n));
    const margins = rights[0] * (n - rights[0]) * rights[1] * (n - rights[1]);
    let together = both * neither - onlyFirst * onlySecond;
    if (together > 0) together = Math.max(together - n / 2, 0);
    const phi = margins ? together / Math.sqrt(margins) : 0;
    const below = shares.map((share, i) => share - ends[i][0]);
    const above = shares.map((share, i) => ends[i][1] - share);
    const difference = shares[0] - shares[1];
    const down = below[0] * below[0] - 2 * phi * below[0] * above[1] + above[1] * above[1];
    const up = above[0] * above[0] - 2 * phi * above[0] * below[1] + below[1] * below[1];
    return [difference - Math.sqrt(Math.max(down, 0)), difference + Math.sqrt(Math.max(up, 0))];
  }

  /**
   * McNemar's exact test: a two-sided binomial on the hands that differ.
   *
   * The binomials are summed with their power of two beside them. Logarithms would bound them as
   * well, but not give 0.0625 exactly, which is a half of the last digit that is shown.
   */
  function mcnemarP(onlyFirst, onlySecond) {
    const n = onlyFirst + onlySecond;
    const fewer = Math.min(onlyFirst, onlySecond);
    if (2 * fewer === n) return 1;
    let term = 1;
    let sum = 1;
    let power = 1 - n;
    for (let i = 0; i < fewer; i += 1) {
      term = (term * (n - i)) / (i + 1);
      sum += term;
      if (term > 2 ** 500) {
        term *= 2 ** -500;
        sum *= 2 ** -500;
        power += 500;
      }
    }
    for (; power < -500; power += 500) sum *= 2 ** -500;
    return Math.min(1, sum * 2 ** power);
  }

  /** mulberry32: whole numbers below 2^32, the same ones at each visit. */
  function generator() {
    let state = SEED;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return (mixed ^ (mixed >>> 14)) >>> 0;
    };
  }

  function differing(differences) {
    return differences.filter((difference) => difference !== 0);
  }

  /** Whether the sign-flip test draws, because there are more flips than RESAMPLES. */
  function drawsFlips(differences) {
    return 2 ** differing(differences).length > RESAMPLES;
  }

  /** A paired permutation test of a mean of 0: all flips where they are few, else draws. */
  function signFlipP(differences) {
    const values = differing(differences);
    if (values.length <= 1) return 1;
    const isDrawn = drawsFlips(values);
    const flips = isDrawn ? RESAMPLES : 2 ** values.length;
    const next = generator();
    const observed = plainSum(values);
    // Sums that are equal but for rounding count on both sides.
    const slack = 1e-12 * plainSum(values.map(Math.abs));
    let less = 0;
    let greater = 0;
    for (let flip = 0; flip < flips; flip += 1) {
      let sum = 0;
      for (let i = 0; i < values.length; i += 1) {
        const isFlipped = isDrawn ? next() >= 2 ** 31 : (flip >> i) & 1;
        sum += isFlipped ? -values[i] : values[i];
      }
      if (sum <= observed + slack) less += 1;
      if (sum >= observed - slack) greater += 1;
    }
    const seen = isDrawn ? 1 : 0; // what was observed is one flip more
    return Math.min(1, (2 * (Math.min(less, greater) + seen)) / (flips + seen));
  }

  /** The value below which a share of sorted values lies, on the line between two of them. */
  function quantile(sorted, share) {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    const above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  }

  /** A percentile bootstrap over hands; Wilson's interval where all have the same mean. */
  function clusteredInterval(means) {
    const n = means.length;
    if (means.every((mean) => mean === means[0])) {
      return wilsonInterval(rounded(exactSum(means)), n);
    }
    const next = generator();
    const drawn = new Float64Array(RESAMPLES);
    for (let draw = 0; draw < RESAMPLES; draw += 1) {
      let sum = 0;
      for (let i = 0; i < n; i += 1) sum += means[Math.floor((next() / 2 ** 32) * n)];
      drawn[draw] = sum / n;
    }
    drawn.sort();
    return [quantile(drawn, 0.025), quantile(drawn, 0.975)];
  }

  // ---- Two rows beside each other

  /** Right responses and all of them, by hand; other puzzles than the splits' may ask one twice. */
  function byHand(row) {
    const found = new Map();
    for (const [hand, right, responses] of row.hands) {
      const before = found.get(hand) ?? { right: 0, responses: 0 };
      found.set(hand, { right: before.right + right, responses: before.responses + responses });
    }
    return found;
  }

  function meanOf(outcome) {
    return outcome.right / outcome.responses;
  }

  function testOf(outcomes) {
    const hands = outcomes.length;
    const sums = [0, 1].map((i) => exactSum(outcomes.map((pair) => meanOf(pair[i]))));
    const [first, second] = sums.map((sum) => sum / hands);
    const shared = { hands, first, second, difference: first - second };
    if (outcomes.every((pair) => pair.every((outcome) => outcome.responses === 1))) {
      const count = (one, other) =>
        outcomes.filter((pair) => pair[0].right === one && pair[1].right === other).length;
      const counts = {
        both: count(1, 1),
        onlyFirst: count(1, 0),
        onlySecond: count(0, 1),
        neither: count(0, 0),
      };
      const { both, onlyFirst, onlySecond, neither } = counts;
      const [low, high] = newcombeInterval(both, onlyFirst, onlySecond, neither);
      const p = mcnemarP(onlyFirst, onlySecond);
      return { ...shared, low, high, p, name: "exact McNemar", counts, drawn: false };
    }
    // In whole numbers, so that equal differences are equal whatever the shares.
    const differences = outcomes.map(
      ([one, other]) =>
        (one.right * other.responses - other.right * one.responses) /
        (one.responses * other.responses),
    );
    let most = -1;
    let least = 1;
    for (const difference of differences) {
      most = Math.max(most, difference);
      least = Math.min(least, difference);
    }
    const differ = most - least > SAME;
    let ends;
    if (differ) {
      ends = clusteredInterval(differences);
    } else {
      // No hand differs from another: as wide as for hands of one response.
      const [n, m] = sums.map(rounded);
      const both = Math.min(n, m);
      ends = newcombeInterval(both, n - both, m - both, hands - Math.max(n, m));
    }
    return {
      ...shared,
      low: ends[0],
      high: ends[1],
      p: signFlipP(differences),
      name: "sign-flip test over hands",
      counts: null,
      drawn: differ || drawsFlips(differences),
    };
  }

  function what(row) {
    return `${row.model} ${row.label}`;
  }

  /** What differs beside what one may want to compare: model and method. */
  function warningsOf(first, second) {
    const found = [];
    for (const [setting, one] of Object.entries(first.settings)) {
      const other = second.settings[setting];
      if (one !== other && (setting === "shots" || (one !== null && other !== null))) {
        found.push(`${setting}: ${one ?? "unknown"} against ${other ?? "unknown"}`);
      }
    }
    const rows = [first, second];
    for (const row of rows) {
      if (row.settings.sampling === null && row.obtained !== "measured") {
        found.push(`the generation settings of ${what(row)} are not stored`);
      }
    }
    if (first.split !== second.split) {
      found.push(`different splits (${first.split}, ${second.split})`);
    }
    if (first.model !== second.model && first.label !== second.label) {
      found.push(`model and method both differ: ${what(first)} against ${what(second)}`);
    }
    for (const row of rows) {
      if (row.exact) found.push(`${row.model} is exact search, no language model`);
    }
    return found;
  }

  /** A key as a sentence names it; keys are ASCII without spaces, so there is only to cut. */
  function shownKey(key) {
    return key.length <= MAX_KEY_CHARS ? key : `${key.slice(0, MAX_KEY_CHARS - 1)}…`;
  }

  /** Pair two rows over the hands that both answered: `pairing.pair`. */
  function pairRows(first, second) {
    const ones = byHand(first);
    const others = byHand(second);
    // Sorted, so that the rows' own order of hands changes no draw.
    const shared = [...ones.keys()].filter((hand) => others.has(hand)).sort();
    let reason = shared.length ? null : "they answered no hand in common";
    for (const row of [second, first]) {
      if (!row.hands.length) reason = `${shownKey(row.key)} is reported without its responses`;
    }
    return {
      first,
      second,
      test: shared.length
        ? testOf(shared.map((hand) => [ones.get(hand), others.get(hand)]))
        : null,
      onlyFirst: ones.size - shared.length,
      onlySecond: others.size - shared.length,
      reason,
      warnings: warningsOf(first, second),
    };
  }

  // ---- The sentence

  /** What to call the two: as short as tells them apart. */
  function namesOf({ first, second }) {
    const withShots = (row) => `${what(row)} (${row.shots ?? "None"}-shot)`; // as Python writes it
    const forms = [
      [first.model, second.model],
      [what(first), what(second)],
      [withShots(first), withShots(second)],
      [shownKey(first.key), shownKey(second.key)],
      ["the first", "the second"],
    ];
    if (first.method !== second.method) forms.shift();
    return forms.find(([one, other]) => one !== other);
  }

  /** What else the difference may be due to. */
  function causes(warnings) {
    const differ = warnings
      .filter((warning) => warning.includes(": "))
      .map((warning) => warning.slice(0, warning.indexOf(":")));
    if (!differ.length) return "";
    const last = differ.pop();
    const listed = differ.length ? `${differ.join(", ")} and ${last}` : last;
    return ` They differ in ${listed}, so it does not say what makes the difference.`;
  }

  function sideBySide({ first, second }, names) {
    const parts = [first, second].map((row, i) => {
      const span =
        row.low === null
          ? "no interval can be given"
          : `95% ${fixed(100 * row.low, 1)} to ${fixed(100 * row.high, 1)}`;
      return `${names[i]} has ${fixed(100 * row.acc, 1)}% (${span})`;
    });
    return (
      `Side by side, ${parts[0]} and ${parts[1]}; whether a difference is more than chance ` +
      "cannot be said from these figures."
    );
  }

  /** What can and what cannot be concluded: `pairing.conclusion` of one pair, not corrected. */
  function conclusionOf(pairing) {
    const { test } = pairing;
    const names = namesOf(pairing);
    if (test === null) {
      return `No paired test is possible: ${pairing.reason}. ${sideBySide(pairing, names)}`;
    }
    const said = `${test.name} p = ${pText(test.p)}`;
    const [better, worse] = test.difference > 0 ? names : [names[1], names[0]];
    const points = fixed(100 * Math.abs(test.difference), 1);
    let seen = `${better} is right more often than ${worse}, by ${points} points`;
    if (Math.abs(test.difference) <= SAME) {
      seen = `${names[0]} and ${names[1]} are right equally often`;
    }
    let [low, high] = [100 * test.low, 100 * test.high];
    if (test.difference < 0) [low, high] = [-high, -low];
    const ends = `95% ${fixed(low, 1)} to ${fixed(high, 1)}`;
    const where = `On the ${test.hands} hands that both answered, ${seen} (${ends})`;
    let judged =
      test.p < SIGNIFICANT
        ? `${where}: unlikely to be chance at the 5% level, ${said}.${causes(pairing.warnings)}`
        : `${where}: that may be chance, ${said}; these hands cannot tell them apart.`;
    if (pairing.onlyFirst || pairing.onlySecond) {
      judged += " It says nothing about the hands that only one of them answered.";
    }
    return judged;
  }

  return {
    wilsonInterval,
    newcombeInterval,
    mcnemarP,
    signFlipP,
    clusteredInterval,
    pText,
    pairRows,
    conclusionOf,
    pythonFixed: fixed,
    pythonRound: rounded,
  };
})();
