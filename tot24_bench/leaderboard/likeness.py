"""How alike two responses are: marks of a text, of which much the same text has some, too.

A text is taken as the set of its runs of three tokens. Of a text with many figures only these and
the operators are tokens, whatever glyph they have: the words around them are cheap to change. Each
mark is a hash of the least hashes of some runs (MinHash, Broder 1997, in bands), so that texts
share a mark with the odds 1 - (1 - J^8)^12, where J is the share of runs that they have in common:
J = 0.5 gives 0.05, J = 0.8 gives 0.89, J = 0.9 gives 0.999.

>>> steps = "10 - 6 = 4 (left: 4 5 4); 5 * 4 = 20 (left: 4 20); 20 + 4 = 24 (left: 24)"
>>> text = f"{steps}; Answer: 5 * (10 - 6) + 4 = 24"
>>> copy = text.replace("*", "×").replace("left", "rest") + " Done."
>>> marks_of(text) == marks_of(copy)
True
>>> marks_of("Answer: 4 * 6") is None
True
"""

from __future__ import annotations

import hashlib
import random
import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LONG = 60
"""Characters from which a response has marks: the answer alone has 30 or 40."""

MAX_CHARS = 4_000
"""Characters of a response that marks are taken of; bounds time."""

MANY_FIGURES = 24
"""Numbers and operators from which words say nothing: three steps of the game, restated once."""

RUN = 3
"""Tokens of a run."""

BANDS = 12
BAND_HASHES = 8
MARK_BYTES = 8

_TOKEN = re.compile(r"\d+|[-+*/=]|[^\W\d_]+")

_MARKUP = re.compile(r"^[ \t]*(?:[-*+•]|\d+[.)])[ \t]+|\*{2,}", re.MULTILINE)
"""What sets off a point of a list or words in bold, and is no operator."""

_OPERATORS = str.maketrans("×·∙⋅∗✕✖÷∕⁄➗−–—‐‑‒―➖➕", "*******////-------" + "-+")
"""Glyphs of the operators that are not their ASCII signs."""


def marks_of(text: str) -> bytes | None:
    """The marks of a text, MARK_BYTES each, one for each band; None where it is too short."""
    start = text[:MAX_CHARS]
    if len(start.strip()) < LONG:
        return None
    plain = unicodedata.normalize("NFKC", _MARKUP.sub(" ", start)).translate(_OPERATORS)
    tokens = _TOKEN.findall(plain.replace("\\times", "*").replace("\\div", "/").casefold())
    figures = [token for token in tokens if not token[0].isalpha()]
    if len(figures) >= MANY_FIGURES:
        tokens = figures
    runs = {" ".join(tokens[i : i + RUN]) for i in range(max(1, len(tokens) - RUN + 1))}
    return b"".join(
        hashlib.blake2b(band.tobytes(), digest_size=MARK_BYTES).digest() for band in _least(runs)
    )


def each_mark(marks: bytes) -> list[bytes]:
    """The marks one by one."""
    return [marks[i : i + MARK_BYTES] for i in range(0, len(marks), MARK_BYTES)]


def _least(runs: set[str]) -> NDArray[np.uint64]:
    """BANDS rows of the least hash of all runs, by BAND_HASHES hash functions each."""
    import numpy as np

    digests = b"".join(hashlib.blake2b(run.encode(), digest_size=8).digest() for run in runs)
    factors, summands = _functions()
    hashes = factors * np.frombuffer(digests, dtype="<u8") + summands
    least: NDArray[np.uint64] = hashes.min(axis=1)
    return least.reshape(BANDS, BAND_HASHES)


@cache
def _functions() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Factors, all odd, and summands of the hash functions, modulo 2^64."""
    import numpy as np

    rng = random.Random(24)
    drawn = [(rng.getrandbits(64) | 1, rng.getrandbits(64)) for _ in range(BANDS * BAND_HASHES)]
    factors, summands = (
        np.array(each, dtype=np.uint64)[:, None] for each in zip(*drawn, strict=True)
    )
    return factors, summands
