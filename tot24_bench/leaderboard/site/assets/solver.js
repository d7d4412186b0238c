// The exact solver of the page: every distinct way to make a target, and how hard a hand is.
// `tot24_bench/game/solver.py` is the definition, `tot24_bench/game/difficulty.py` that of the
// difficulty: same texts, same order, same figures. Every number is used (rule `all`).
//
//   solvePuzzle([1, 5, 5, 5], 24)   ["5 * (5 - 1 / 5)"]
//   difficultyOf([3, 3, 8, 8], 24)  {solutions: 1, winningFirst: [1, 13], needsFraction: true, ...}
//
// Measured once in Chromium, shared server core, warm: solutions of four numbers take a few
// milliseconds, of five some tens, of six about a second; the difficulty of four about ten.

const { solvePuzzle, difficultyOf } = (() => {
  const MAX_NUMBERS = 6;
  const MAX_NUMBER = 10 ** 9; // as in a Puzzle
  const MAX_MEASURED = 4; // numbers of a hand whose search is followed
  const MEMO_SIZE = 4; // the forms of five are asked for once in a call, so they are not kept
  const BANDS = [[36n, "easy"], [61n, "medium"], [91n, "hard"], [null, "hardest"]];

  // --- Rationals: BigInt, since the products of large numbers fit in no double.

  function ratio(n, d = 1n) {
    if (d === 1n) return { n, d };
    let [a, b] = [n < 0n ? -n : n, d];
    while (b) [a, b] = [b, a % b];
    return { n: n / a, d: d / a };
  }

  const plus = (x, y) => ratio(x.n * y.d + y.n * x.d, x.d * y.d);
  const negative = (x) => ({ n: -x.n, d: x.d });
  const minus = (x, y) => plus(x, negative(y));
  const times = (x, y) => ratio(x.n * y.n, x.d * y.d);
  // All that is divided by is positive: forms and states hold no negative value.
  const over = (x, y) => ratio(x.n * y.d, x.d * y.n);
  const same = (x, y) => x.n === y.n && x.d === y.d;
  const written = (x) => (x.d === 1n ? `${x.n}` : `${x.n}/${x.d}`);

  function compare(x, y) {
    const [a, b] = [x.n * y.d, y.n * x.d];
    return a < b ? -1 : a > b ? 1 : 0;
  }

  function handOf(numbers, target, most) {
    if (!Array.isArray(numbers) || numbers.length < 1 || numbers.length > most) {
      throw new RangeError(`give 1 to ${most} numbers, such as [4, 4, 6, 8]`);
    }
    // A loop over the indices, since `every` would pass over the holes of a sparse array.
    for (let i = 0; i < numbers.length; i++) {
      if (!Number.isInteger(numbers[i]) || numbers[i] < 1 || numbers[i] > MAX_NUMBER) {
        throw new RangeError(`every number must be whole and from 1 to ${MAX_NUMBER}`);
      }
    }
    if (!Number.isInteger(target) || Math.abs(target) > MAX_NUMBER) {
      throw new RangeError(`the target must be whole and at most ${MAX_NUMBER} either way`);
    }
    return [...numbers].sort((a, b) => a - b);
  }

  // Each way to split an ascending hand into two parts, once, the smaller part first.
  function partitions(hand) {
    const found = new Map();
    // The last number never moves, so that no split comes twice with its parts exchanged.
    for (let chosen = 1; chosen < 1 << (hand.length - 1); chosen++) {
      const parts = [1, 0].map((side) => hand.filter((_, i) => ((chosen >> i) & 1) === side));
      parts.sort((a, b) => a.length - b.length || (`${a}` < `${b}` ? -1 : 1));
      found.set(parts.join(" | "), parts);
    }
    return found.values();
  }

  // --- Forms: {value, text, kind, up, down}, where a sum is `up` minus `down`, a product `up` by
  // `down`. Equal text means equal form.

  function byOrder(x, y) {
    return compare(y.value, x.value) || (x.text < y.text ? -1 : x.text > y.text ? 1 : 0);
  }

  function precedes(xs, ys) {
    for (let i = 0; i < xs.length && i < ys.length; i++) {
      const order = byOrder(xs[i], ys[i]);
      if (order) return order < 0;
    }
    return xs.length < ys.length;
  }

  const factor = (form) => (form.kind === "sum" ? `(${form.text})` : form.text);

  // The form of parts that are in order.
  function formOf(value, kind, up, down) {
    const [plain, sign, undone] = kind === "sum" ? [(f) => f.text, "+", "-"] : [factor, "*", "/"];
    const undo = down.map((part) => ` ${undone} ${plain(part)}`).join("");
    return { value, text: up.map(plain).join(` ${sign} `) + undo, kind, up, down };
  }

  function sum(value, up, down) {
    // A product worth nothing has no sign of its own: (5 - 5) * 3 and (5 - 5) * -3 are one form.
    const nothing = [...up, ...down].filter((term) => !term.value.n).sort(byOrder);
    let ups = up.filter((term) => term.value.n).sort(byOrder);
    let downs = down.filter((term) => term.value.n).sort(byOrder);
    const turn = value.n < 0n || (!value.n && downs.length > 0 && precedes(downs, ups));
    if (turn) [ups, downs] = [downs, ups];
    return formOf(value.n < 0n ? negative(value) : value, "sum", [...ups, ...nothing], downs);
  }

  function product(value, up, down) {
    return formOf(value, "product", up.sort(byOrder), down.sort(byOrder));
  }

  const sides = (form, kind) => (form.kind === kind ? [form.up, form.down] : [[form], []]);

  function combine(x, y) {
    const [xTerms, xMinus] = sides(x, "sum");
    const [yTerms, yMinus] = sides(y, "sum");
    const [xTimes, xOver] = sides(x, "product");
    const [yTimes, yOver] = sides(y, "product");
    const made = [
      sum(plus(x.value, y.value), [...xTerms, ...yTerms], [...xMinus, ...yMinus]),
      sum(minus(x.value, y.value), [...xTerms, ...yMinus], [...xMinus, ...yTerms]),
      product(times(x.value, y.value), [...xTimes, ...yTimes], [...xOver, ...yOver]),
    ];
    if (y.value.n) {
      made.push(product(over(x.value, y.value), [...xTimes, ...yOver], [...xOver, ...yTimes]));
    }
    if (x.value.n) {
      made.push(product(over(y.value, x.value), [...yTimes, ...xOver], [...yOver, ...xTimes]));
    }
    return made;
  }

  // Every distinct form that uses the whole hand, by the text of its (non-negative) value.
  function formsOf(hand, memo) {
    const key = hand.join(" ");
    if (memo.has(key)) return memo.get(key);
    const found = new Map();
    if (hand.length === 1) {
      const value = ratio(BigInt(hand[0]));
      found.set(key, { value, text: key, kind: "number", up: [], down: [] });
    }
    for (const [left, right] of partitions(hand)) {
      const ys = [...formsOf(right, memo).values()].flat();
      for (const x of [...formsOf(left, memo).values()].flat()) {
        for (const y of ys) {
          for (const form of combine(x, y)) found.set(form.text, form);
        }
      }
    }
    const byValue = new Map();
    for (const form of found.values()) {
      const value = written(form.value);
      if (!byValue.has(value)) byValue.set(value, []);
      byValue.get(value).push(form);
    }
    if (hand.length <= MEMO_SIZE) memo.set(key, byValue);
    return byValue;
  }

  // The values that make the target with x by one operation; what no form is worth finds none.
  function partners(x, target, all) {
    // Anything times or divided into nothing is nothing: every partner will do.
    if (!x.n && !target.n) return all;
    const wanted = [minus(target, x), minus(x, target), plus(x, target), times(target, x)];
    if (x.n) wanted.push(over(target, x));
    if (target.n) wanted.push(over(x, target));
    return new Set(wanted.map(written));
  }

  // The forms of the hand that are worth the target; the last operation is solved for.
  function formsWorth(hand, target, memo) {
    if (target.n < 0n) {
      // A form's value is never negative: a negative target is a difference turned round.
      return formsWorth(hand, negative(target), memo).map(turned).filter((form) => form !== null);
    }
    if (hand.length === 1) return formsOf(hand, memo).get(written(target)) ?? [];
    const found = [];
    for (const [left, right] of partitions(hand)) {
      const rightForms = formsOf(right, memo);
      for (const xs of formsOf(left, memo).values()) {
        for (const y of partners(xs[0].value, target, rightForms.keys())) {
          for (const yForm of rightForms.get(y) ?? []) {
            for (const xForm of xs) {
              found.push(...combine(xForm, yForm).filter((form) => same(form.value, target)));
            }
          }
        }
      }
    }
    return found;
  }

  // The form with its sign turned; null where nothing is subtracted anywhere in it.
  function turned(form) {
    const value = negative(form.value);
    if (form.kind === "sum" && form.down.length) return formOf(value, "sum", form.down, form.up);
    const parts = [...form.up, ...form.down];
    for (let i = 0; i < parts.length; i++) {
      const part = turned(parts[i]);
      if (part === null) continue;
      // Not by identity: equal parts, as of twice the same three numbers, are one object.
      if (form.kind === "sum") return formOf(value, "sum", [part], parts.filter((_, k) => k !== i));
      parts[i] = part;
      const factors = form.up.length;
      return formOf(value, "product", parts.slice(0, factors), parts.slice(factors));
    }
    return null;
  }

  // --- States: the numbers left, ascending rationals.

  const keyOf = (state) => state.map(written).join(" ");

  // Every thought of a state whose text differs, as {value, left}.
  function thoughts(state) {
    const found = new Map();
    state.forEach((small, i) => {
      state.slice(i + 1).forEach((large, after) => {
        const rest = state.filter((_, k) => k !== i && k !== i + 1 + after);
        const think = (a, op, b, value) => {
          const left = [...rest, value].sort(compare);
          found.set(`${written(a)} ${op} ${written(b)}`, { value, left });
        };
        think(small, "+", large, plus(small, large));
        think(large, "-", small, minus(large, small));
        think(small, "*", large, times(small, large));
        if (small.n) think(large, "/", small, over(large, small));
        if (large.n) think(small, "/", large, over(small, large));
      });
    });
    return [...found.values()];
  }

  // A question about a state, asked once for each state.
  function remembered(answer) {
    const memo = new Map();
    return (state) => {
      const key = keyOf(state);
      if (!memo.has(key)) memo.set(key, answer(state));
      return memo.get(key);
    };
  }

  // Whether a state can make the target by the thoughts that `allowed` lets pass.
  function reaching(target, allowed = () => true) {
    const canReach = remembered((state) =>
      state.length === 1
        ? same(state[0], target)
        : thoughts(state).some((thought) => allowed(thought) && canReach(thought.left)),
    );
    return canReach;
  }

  // States that a guided search visits until it has won; two numbers left it judges at sight.
  function expectedNodes(hand, canReach) {
    const inVain = remembered((state) => {
      if (state.length <= 2) return 1n;
      return thoughts(state).reduce((nodes, thought) => nodes + inVain(thought.left), 1n);
    });
    const untilWon = remembered((state) => {
      if (state.length <= 2) return ratio(1n);
      let [wins, tried, onwards] = [0n, 0n, ratio(0n)];
      for (const { left } of thoughts(state)) {
        if (canReach(left)) {
          wins += 1n;
          onwards = plus(onwards, untilWon(left));
        } else {
          tried += inVain(left);
        }
      }
      // Each losing thought comes before the first winning one with probability 1 / (wins + 1).
      return plus(plus(ratio(1n), ratio(tried, wins + 1n)), over(onwards, ratio(wins)));
    });
    return untilWon(hand);
  }

  function solve(hand, target) {
    const forms = formsWorth(hand, ratio(BigInt(target)), new Map());
    // The default order of `sort` is that of code units: the same as Python's for these signs.
    return [...new Set(forms.map((form) => form.text))].sort();
  }

  return {
    // The texts of every distinct solution, in order. Throws a RangeError for what is no puzzle.
    solvePuzzle(numbers, target) {
      return solve(handOf(numbers, target, MAX_NUMBERS), target);
    },

    // The measures of up to four numbers; null for what is not known without a solution.
    difficultyOf(numbers, target) {
      const hand = handOf(numbers, target, MAX_MEASURED);
      if (target < 0) throw new RangeError("no difficulty of a negative target is measured");
      const solutions = solve(hand, target).length;
      const state = hand.map((number) => ratio(BigInt(number)));
      const wanted = ratio(BigInt(target));
      const canReach = reaching(wanted);
      const firsts = thoughts(state);
      const wins = firsts.filter((thought) => canReach(thought.left)).length;
      const measured = { solutions, winningFirst: [wins, firsts.length] };
      if (!solutions) return { ...measured, needsFraction: null, expectedNodes: null, band: null };
      const nodes = expectedNodes(state, canReach);
      return {
        ...measured,
        needsFraction: !reaching(wanted, (thought) => thought.value.d === 1n)(state),
        // One rounding: with four numbers both parts stay far below 2 ** 53.
        expectedNodes: Number(nodes.n) / Number(nodes.d),
        band: BANDS.find(([bound]) => bound === null || nodes.n < bound * nodes.d)[1],
      };
    },
  };
})();
