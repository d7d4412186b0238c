"""A search as an SVG picture, without any dependency: what `drawing` says, and where it stands.

Time goes from left to right: a column for each number of thoughts, and a parent amid its children.
The picture follows the reader's light or dark scheme, and says in words what it shows. Every text
in it is an XML text node, whatever it holds.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple
from unicodedata import east_asian_width

from tot24_bench.search.drawing import DIM, FALSE, FAULT, PLAIN, TRUE, Card, Words, drawn
from tot24_bench.search.tree import SearchTree

# Lengths are in pixels of the SVG's own space.

_CHAR = 7.4  # of the widest usual monospaced font at 12 pixels, bold too
_LINE, _PAD, _GAP_X, _GAP_Y, _MARGIN = 17, 8, 34, 10, 20
_FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
_COLOURS = {  # class: the property, in the light, in the dark
    "page": ("fill", "#ffffff", "#0d1117"),
    "card": ("fill", "#f6f8fa", "#161b22"),
    "box": ("stroke", "#8c959f", "#6e7681"),
    "edge": ("stroke", "#8c959f", "#6e7681"),
    "way": ("stroke", "#0969da", "#58a6ff"),
    PLAIN: ("fill", "#1f2328", "#e6edf3"),
    DIM: ("fill", "#59636e", "#9198a1"),
    TRUE: ("fill", "#116329", "#56d364"),
    FALSE: ("fill", "#b3131d", "#ff8a80"),
    FAULT: ("fill", "#7d4e00", "#e3b341"),
}


def svg(tree: SearchTree, whole: bool = False) -> str:
    """The tree as the text of an SVG file; the arguments are those of `drawn`.

    It follows the reader's light or dark scheme, and says in words what it shows (`title`, `desc`,
    and a `title` of each card).
    """
    what = drawn(tree, whole)
    boxes = layout(what.cards, _MARGIN, 2 * _MARGIN + _LINE)
    bottom = max(box.y + box.height for box in boxes) + _MARGIN
    below = [*what.below, *what.legend]
    wide = [[Words(what.title)], *below]
    width = max(*(box.x + box.width for box in boxes), *map(_width, wide)) + 2 * _MARGIN
    height = bottom + len(below) * _LINE + _MARGIN
    attributes = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {width:.0f} {height:.0f}",
        "width": f"{width:.0f}",
        "height": f"{height:.0f}",
        "role": "img",
        "aria-labelledby": "tree-title tree-desc",
    }
    root = ET.Element("svg", attributes)
    _add(root, "title", f"A search for {what.title}", id="tree-title")
    said = [" ".join(words.text for words in line) for line in what.below]
    _add(root, "desc", "; ".join(said), id="tree-desc")
    _add(root, "style", _style())
    _add(root, "rect", width="100%", height="100%", **{"class": "page"})
    _line(root, [Words(what.title)], _MARGIN, _MARGIN + _LINE / 2, bold=True)
    for card, box in zip(what.cards, boxes, strict=True):
        if card.parent >= 0:
            _edge(root, boxes[card.parent], box, card.on_path)
    for card, box in zip(what.cards, boxes, strict=True):
        _box(root, card, box)
    for i, line in enumerate(below):
        _line(root, line, _MARGIN, bottom + _LINE * (i + 0.5))
    ET.indent(root, " ")
    return ET.tostring(root, encoding="unicode") + "\n"


class Box(NamedTuple):
    """Where a card stands: its left upper corner, and its size."""

    x: float
    y: float
    width: float
    height: float


def layout(cards: Sequence[Card], x: float = 0, y: float = 0) -> list[Box]:
    """A place for each card, none over another: columns by depth, a parent amid its children.

    Args:
        cards: each after its parent.
        x, y: the left upper corner of the whole.
    """
    depths: list[int] = []
    widths: list[float] = []
    children: list[list[int]] = [[] for _ in cards]
    for i, card in enumerate(cards):
        depths.append(depths[card.parent] + 1 if i else 0)
        if i:
            children[card.parent].append(i)
        widths.append(max(map(_width, card.lines)) + 2 * _PAD)
    columns = [0.0] * (max(depths) + 1)
    for depth, width in zip(depths, widths, strict=True):
        columns[depth] = max(columns[depth], width)
    lefts = list(accumulate((width + _GAP_X for width in columns), initial=x))
    heights = [len(card.lines) * _LINE + 2 * _PAD for card in cards]
    # What a card and all after it take of the page; a child comes after its parent, so backwards.
    spans = [0.0] * len(cards)
    for i in reversed(range(len(cards))):
        spans[i] = max(heights[i] + _GAP_Y, sum(spans[child] for child in children[i]))
    tops = [y] * len(cards)
    for i, own in enumerate(children):
        below = tops[i] + (spans[i] - sum(spans[child] for child in own)) / 2
        for child in own:
            tops[child] = below
            below += spans[child]
    middles = [top + span / 2 for top, span in zip(tops, spans, strict=True)]
    for i in reversed(range(len(cards))):
        if own := children[i]:
            amid = (middles[own[0]] + middles[own[-1]]) / 2
            reach = (spans[i] - heights[i] - _GAP_Y) / 2
            middle = tops[i] + spans[i] / 2
            middles[i] = min(max(amid, middle - reach), middle + reach)
    return [
        Box(lefts[depth], middle - height / 2, width, height)
        for depth, middle, width, height in zip(depths, middles, widths, heights, strict=True)
    ]


def _width(line: Sequence[Words]) -> float:
    text = "  ".join(words.text for words in line)
    return _CHAR * sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def _style() -> str:
    rules = [f"text{{font:12px {_FONT}}}"]
    rules += [".b{font-weight:bold}.card{stroke-width:1}.edge{fill:none}.off{stroke-dasharray:4 3}"]
    rules += [f".{name}{{{what}:{light}}}" for name, (what, light, _) in _COLOURS.items()]
    rules += [".way{stroke-width:2.5}"]
    dark = "".join(f".{name}{{{what}:{tone}}}" for name, (what, _, tone) in _COLOURS.items())
    return "".join(rules) + f"@media (prefers-color-scheme:dark){{{dark}}}"


def _box(root: ET.Element, card: Card, box: Box) -> None:
    group = _add(root, "g")
    _add(group, "title", card.text)
    classes = f"card {'way' if card.on_path else 'box'}{'' if card.kept else ' off'}"
    place = {name: f"{value:.1f}" for name, value in box._asdict().items()}
    _add(group, "rect", **place, rx="5", **{"class": classes})
    for i, line in enumerate(card.lines):
        y = box.y + _PAD + _LINE * (i + 0.5)
        _line(group, line, box.x + _PAD, y, bold=card.on_path and i == 0)


def _edge(root: ET.Element, start: Box, end: Box, on_path: bool) -> None:
    x1, y1 = start.x + start.width, start.y + start.height / 2
    x2, y2 = end.x, end.y + end.height / 2
    bend = x2 - _GAP_X / 2
    path = f"M{x1:.1f} {y1:.1f}H{bend - _GAP_X / 2:.1f}C{bend:.1f} {y1:.1f} {bend:.1f} {y2:.1f} "
    _add(root, "path", d=f"{path}{x2:.1f} {y2:.1f}", **{"class": f"edge{' way' * on_path}"})


def _line(
    parent: ET.Element, line: Sequence[Words], x: float, y: float, *, bold: bool = False
) -> None:
    """A line of words whose middle is at y; each starts where a monospaced font would put it."""
    for i, words in enumerate(line):
        start = x + (_width([*line[:i], Words("")]) if i else 0)
        classes = words.tone + " b" * bold
        _add(parent, "text", words.text, x=f"{start:.1f}", y=f"{y + 4:.1f}", **{"class": classes})


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, tag, attributes)
    child.text = text
    return child
