/*
 * Draw points with intervals, and bars, as SVG that scales, prints, and can be read as text.
 *
 * Every mark is a link with words; colours come from the style sheet, shapes say the same again.
 */

/** Units across: a phone gets fewer, so that letters stay readable. */
function unitsAcross() {
  return innerWidth < 720 ? 460 : 900;
}

/** The scale of an axis: where a value stands between two ends, and its ticks. */
function scale(from, to, start, end, log = false) {
  const f = log ? Math.log10 : (value) => value;
  const place = (value) => start + ((f(value) - f(from)) / (f(to) - f(from) || 1)) * (end - start);
  return { place };
}

/** Powers of ten, and their halves and fifths where there are few, between two ends. */
function logTicks(from, to) {
  const found = [];
  const factors = to / from > 300 ? [1] : to / from > 30 ? [1, 3] : [1, 2, 5];
  for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power += 1) {
    for (const factor of factors) found.push(factor * 10 ** power);
  }
  return found.filter((tick) => tick >= from * 0.999 && tick <= to * 1.001);
}

function shortCount(value) {
  for (const [size, unit] of [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "K"]]) {
    if (value >= size) return `${+(value / size).toPrecision(3)}${unit}`;
  }
  return String(value);
}

/** The outline of a mark around a place: circle measured, diamond rescored, cross reported. */
function outline(shape, x, y, r) {
  if (shape === "reported") {
    const d = r * 0.9;
    return `M${x - d} ${y - d}L${x + d} ${y + d}M${x - d} ${y + d}L${x + d} ${y - d}`;
  }
  if (shape === "rescored") return `M${x} ${y - 1.3 * r}L${x + 1.3 * r} ${y}L${x} ${y + 1.3 * r}L${x - 1.3 * r} ${y}Z`;
  return `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
}

/**
 * Accuracy, 0 to 1, against something.
 *
 * points: {x, y, low, high, colour, shape, hollow, size, words, href, label}; `label` is written
 * beside the point where there is room.
 * options: {title, x: {words, log, from, to, ticks: [[value, text]]}, high, strip: [x, words]}
 */
function plot(points, { title, x: axis, high = 380, strip = null }) {
  const WIDE = unitsAcross();
  const [left, right, top, bottom] = [52, WIDE - 16, 14, high - 50];
  const values = points.map((one) => one.x);
  const pad = axis.log ? 1.25 : 0;
  const from = axis.from ?? (axis.log ? Math.min(...values) / pad : Math.min(...values));
  const to = axis.to ?? (axis.log ? Math.max(...values) * pad : Math.max(...values));
  const across = scale(from, to, left + 10, right - 10, axis.log);
  const up = scale(0, 1, bottom, top);
  const ticks = axis.ticks ?? (axis.log ? logTicks(from, to).map((tick) => [tick, shortCount(tick)]) : []);
  const body = [];
  for (let share = 0; share <= 1.001; share += 0.2) {
    const y = up.place(share);
    body.push(s("line", { class: "grid", x1: left, x2: right, y1: y, y2: y }));
    body.push(s("text", { class: "tick", x: left - 8, y: y + 4, "text-anchor": "end" }, `${Math.round(100 * share)}%`));
  }
  // Words take turns on two lines where they would run into each other.
  const longest = Math.max(0, ...ticks.map(([, text]) => String(text).length));
  const tilt = ticks.length > 4 && 7 * longest > 1.8 * ((right - left) / ticks.length);
  const crowded = ticks.length > 4 && 7 * longest + 8 > (right - left) / ticks.length;
  for (const [i, [value, text]] of ticks.entries()) {
    const x = across.place(value);
    body.push(s("line", { class: "grid", x1: x, x2: x, y1: top, y2: bottom }));
    body.push(tickText(x, bottom + (!tilt && crowded && i % 2 ? 30 : 17), text, tilt));
  }
  if (strip) {
    // What stands here has no place on the axis: a ground of its own says so.
    const middle = across.place(strip[0]);
    body.unshift(s("rect", { class: "strip", x: middle - 42, y: top, width: 84, height: bottom - top }));
    body.push(s("text", { class: "tick", x: middle, y: bottom + 18, "text-anchor": "middle" }, strip[1]));
  }
  body.push(s("text", { class: "axis", x: (left + right) / 2, y: high - 6, "text-anchor": "middle" }, axis.words));
  const boxes = points.map((one) => ({ x: across.place(one.x), y: up.place(one.y), r: one.size ?? 5 }));
  const taken = boxes.map(({ x, y, r }) => [x - r - 1, y - r - 1, x + r + 1, y + r + 1]);
  const marks = points.map((one, i) => mark(one, boxes[i], up));
  // Those that are told first find room first.
  const told = points.map((_, i) => i).sort((a, b) => (points[b].first ?? 0) - (points[a].first ?? 0));
  const labels = told.map((i) => points[i].label && labelled(points[i], boxes[i], taken, right, top)).filter(Boolean);
  return s(
    "svg",
    { class: "plot", viewBox: `0 0 ${WIDE} ${high + (tilt ? 4.2 * longest - 20 : 0)}`, role: "group", "aria-label": title },
    s("title", {}, title),
    ...body,
    ...marks,
    ...labels,
  );
}

function mark(one, { x, y, r }, up) {
  const ends = one.low === undefined || one.low === null ? [] : [
    s("line", { class: `ends c-${one.colour}`, x1: x, x2: x, y1: up.place(one.low), y2: up.place(one.high) }),
  ];
  if (one.more) {
    // It costs more than is drawn: nobody counted its prompt.
    const from = x + r + 2;
    ends.push(s("path", { class: `ends c-${one.colour}`, d: `M${from} ${y}h14m-4 -3l4 3l-4 3`, fill: "none" }));
  }
  const shape = s("path", {
    class: `mark c-${one.colour}${one.hollow ? " hollow" : ""}`,
    d: outline(one.shape, x, y, r),
  }, s("title", {}, one.words));
  if (!one.href) return s("g", {}, ends, shape);
  return s("a", { href: one.href, tabindex: -1, "aria-label": one.words }, ends, shape);
}

/** Words where no point and no other words are; nothing where there is no room. */
function labelled(one, { x, y, r }, taken, right, top) {
  const wide = 6.1 * one.label.length;
  const places = [[r + 4, 4, "start"], [-r - 4, 4, "end"], [r + 2, -8, "start"], [-r - 2, -8, "end"], [r + 2, 16, "start"], [-r - 2, 16, "end"]];
  // What the rest is held against is named even where it is crowded: further up, with a line to it.
  if (one.first) for (let up = 26; up <= 92; up += 22) places.push([4, -up, "start"], [-4, -up, "end"]);
  for (const [dx, dy, anchor] of places) {
    const start = anchor === "start" ? x + dx : x + dx - wide;
    const box = [start, y + dy - 10, start + wide, y + dy + 3];
    const free = !taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3]);
    if (free && box[0] > 54 && box[2] < right && box[1] > top - 8) {
      taken.push(box);
      const text = s("text", { class: "label", x: x + dx, y: y + dy, "text-anchor": anchor }, one.label);
      return dy > -20 ? text : s("g", {}, s("line", { class: "lead", x1: x, y1: y - r, x2: x + dx, y2: y + dy + 3 }), text);
    }
  }
  return null;
}

/** Bars side by side in groups: groups [{name, bars: [{value, low, high, words}]}], series [[name, colour]]. */
function bars(groups, series, title, high = 300) {
  const WIDE = unitsAcross();
  const longest = Math.max(...groups.map((group) => group.name.length));
  const tilt = 7 * longest > 1.8 * ((WIDE - 68) / groups.length); // even where names take turns
  const [left, right, top, bottom] = [52, WIDE - 16, 14, high - 34];
  const tallest = Math.max(0.05, ...groups.flatMap((group) => group.bars.map((bar) => bar?.high ?? bar?.value ?? 0)));
  const most = Math.min(1, Math.ceil(tallest * 5) / 5);
  const up = scale(0, most, bottom, top);
  const body = [];
  for (let share = 0; share <= most + 0.001; share += most > 0.5 ? 0.2 : 0.1) {
    const y = up.place(share);
    body.push(s("line", { class: "grid", x1: left, x2: right, y1: y, y2: y }));
    body.push(s("text", { class: "tick", x: left - 8, y: y + 4, "text-anchor": "end" }, `${Math.round(100 * share)}%`));
  }
  const room = (right - left) / groups.length;
  const wide = Math.min(46, (0.8 * room) / series.length);
  groups.forEach((group, g) => {
    const middle = left + room * (g + 0.5);
    const lower = 7 * longest > room - 8 && g % 2 ? 30 : 17;
    body.push(tickText(middle, bottom + (tilt ? 14 : lower), group.name, tilt));
    group.bars.forEach((bar, b) => {
      if (!bar) return;
      const x = middle + (b - series.length / 2) * wide;
      const y = up.place(bar.value);
      body.push(s("g", {},
        s("rect", { class: `bar c-${series[b][1]}`, x: x + 1, y, width: wide - 2, height: Math.max(0, bottom - y) }, s("title", {}, bar.words)),
        s("line", { class: "whisker", x1: x + wide / 2, x2: x + wide / 2, y1: up.place(bar.low), y2: up.place(Math.min(bar.high, most)) })));
    });
  });
  const below = tilt ? Math.min(7 * longest, 160) * 0.6 - 14 : 0;
  return s("svg", { class: "plot", viewBox: `0 0 ${WIDE} ${high + below}`, role: "group", "aria-label": title }, s("title", {}, title), ...body);
}

/** The words below a tick, tilted where they would run into each other. */
function tickText(x, y, text, tilt) {
  return s("text", { class: "tick", x, y, "text-anchor": tilt ? "end" : "middle", transform: tilt ? `rotate(-38 ${x} ${y})` : null }, text);
}

/** A legend of colours and of shapes. */
function legend(colours, shapes = []) {
  const sample = (draw) => s("svg", { class: "sample", viewBox: "0 0 16 16", "aria-hidden": "true" }, draw);
  return h("ul", { class: "legend" },
    colours.map(([words, colour]) => h("li", {}, sample(s("path", { class: `mark c-${colour}`, d: outline("measured", 8, 8, 5) })), words)),
    shapes.map(([words, shape, hollow]) => h("li", {}, sample(s("path", { class: `mark c-ink${hollow ? " hollow" : ""}`, d: outline(shape, 8, 8, 5) })), words)));
}
