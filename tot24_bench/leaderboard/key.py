"""Where a submission stands: a file stem that is safe whatever the model is called.

`<model>/<task>[_<split>].<shots>shot[.<search>][.chat or .multiturn][.<variant>][.x<repeats>]`
`[.first<n>][.<obtained>]`, the parts in brackets only where they are not the default (published
test set, no search, plain text, default exemplars, one response a hand, every hand, measured here).
Of what was not measured here, part of the hands are `.hands<n>`, whichever they are, and shots that
nobody knows are `.anyshot`. The rules:

- It keeps ASCII letters, digits, `.`, `_` and `-`, and never starts or ends with a dot or a dash,
  so that no name can be `..`, hidden, or an option of a command.
- The slash in a name of the HF hub becomes `--`.
- A name that is changed in any other way, or cut, ends in a hash of the original, so that names
  that look alike do not share a file.

>>> key_of("scout-2m", "game24_onestep_tot", shots=0)
'scout-2m/game24_onestep_tot.0shot'
>>> key_of("HuggingFaceTB/SmolLM2-135M", "game24_io", shots=5, chat=True, variant="published")
'HuggingFaceTB--SmolLM2-135M/game24_io.5shot.chat.published'
>>> key_of("scout-2m-search", "game24_search", shots=0, split="hardest", search="tot_bfs-b5")
'scout-2m-search/game24_search_hardest.0shot.tot_bfs-b5'
>>> key_of("../../etc/passwd", "game24_io", shots=5)
'etc-passwd-3754d6cb/game24_io.5shot'
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

from tot24_bench.game import GENERATED, is_split, parse_name, split_size
from tot24_bench.harness import DEFAULT_SPLIT
from tot24_bench.prompts import DEFAULT_VARIANT

MAX_PART_CHARS = 80  # of a name in a stem: the longest file name stays under the usual 255 bytes
HASH_CHARS = 8  # of the hash that a changed name ends in: 32 bits, for a few thousand names
MAX_DRAWN_HANDS = 2_000  # of a generated split that may be named; more take a reader long to draw
MAX_SPLIT_CHARS = 80

DEFAULT_OBTAINED = "measured"


def key_of(
    model: str,
    task: str,
    *,
    shots: int | None,
    split: str = DEFAULT_SPLIT,
    chat: bool = False,
    multiturn: bool = False,
    variant: str = DEFAULT_VARIANT,
    repeats: int = 1,
    search: str | None = None,
    first: int | None = None,
    obtained: str = DEFAULT_OBTAINED,
) -> str:
    """The file stem of a submission below `results/submissions`, whatever the names hold.

    `search` is the slug of a search's settings (`SearchSettings.slug`).
    """
    drawn = parse_name(split)
    if drawn is not None:  # the task of a generated split says its name already
        task = task.removesuffix(f"_{drawn.name}")
    named = split == DEFAULT_SPLIT or task.endswith(f"_{split}")
    parts = [_word(task), f"{'any' if shots is None else shots}shot"]
    if not named:
        parts[0] += f"_{_word(split)}"
    if search is not None:
        parts.append(_word(search))
    if chat:
        parts.append("multiturn" if multiturn and shots else "chat")
    if variant != DEFAULT_VARIANT:
        parts.append(_word(variant))
    if repeats > 1:
        parts.append(f"x{repeats}")
    if first is not None:
        parts.append(f"first{first}" if obtained == DEFAULT_OBTAINED else f"hands{first}")
    if obtained != DEFAULT_OBTAINED:
        parts.append(_word(obtained))
    return f"{_model(model)}/{'.'.join(parts)}"


def look_of(name: str) -> str:
    """What is left of a name when case, look-alike letters and what shows nothing are left out.

    >>> look_of("GPT-4") == look_of("gpt\u20104\u200b"), look_of("\u0455cout-2m")
    (True, 'scout-2m')
    """
    shown = "".join(char for char in unicodedata.normalize("NFKC", name) if not _hidden(char))
    plain = unicodedata.normalize("NFKC", shown.translate(_LOOKS_LATIN).casefold())
    return _BETWEEN.sub("-", plain.translate(_LOOKS_LATIN)).strip("-")


def letters_of(name: str) -> str:
    """The letters and digits of a name, accents left out: what two spellings of it share.

    >>> letters_of("One-Step ToT") == letters_of("one step t.o.t")
    True
    """
    plain = unicodedata.normalize("NFKD", look_of(name))
    return "".join(char for char in plain if char.isalnum())


def first_of(split: str, asked: int | None) -> int | None:
    """How many hands of a fixed split were asked, where not all were; None where all were.

    >>> first_of("hard100", 3), first_of("hard100", 100)
    (3, None)
    """
    part = asked is not None and is_split(split) and asked < split_size(split)
    return asked if part else None


def is_key(text: str) -> bool:
    """Whether the text has the form of a key: two safe parts around one slash."""
    return _KEY.fullmatch(text) is not None


def check_split_name(split: str, measured: bool) -> None:
    """Refuse a name of a split that a submission may not have, by a ValueError; nothing is drawn.

    One spelling each, none that takes a reader long to draw, and of what was measured a split that
    exists.
    """
    if len(split) > MAX_SPLIT_CHARS or not _SPLIT.fullmatch(split):
        raise ValueError("split is no plain name: use letters, digits, _ . - and single spaces")
    if measured and not is_split(split):
        raise ValueError(f"split is {split}, but what is measured asks a split of this benchmark")
    if (drawn := parse_name(split)) is None:
        return
    seeded = GENERATED[drawn.name].seeded
    if drawn.text != split or (drawn.seed and not seeded):
        plain = drawn.text if seeded else drawn.name
        raise ValueError(f"split is {split}: that draw is called {plain}")
    if (drawn.size or 0) > MAX_DRAWN_HANDS:
        raise ValueError(f"split is {split}: a submission has at most {MAX_DRAWN_HANDS} hands")


_LOOKS_LATIN = str.maketrans(
    "АВЕКМНОРСТУХЅІЈԌԚԜаеорсухѕіјԁһԛԝкӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανιρυκχıɡ",
    "ABEKMHOPCTYXSIJGQWaeopcyxsijdhqwklABEZHIKMNOPTYXoavipukxig",
)
"""Letters of Cyrillic and Greek that no reader tells from Latin ones (Unicode TR 39 has more)."""

_BETWEEN = re.compile(r"[\s_‐‑‒–—―−\u2043\u2e3a\u2e3b-]+")

_SHOWS_NOTHING = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\ufe00-\ufe0f\U0001d159"
    "\U000e0100-\U000e01ef]"
)


def _hidden(char: str) -> bool:
    # What is private or not assigned shows as nothing, or as the same box.
    unseen = unicodedata.category(char) in ("Cc", "Cf", "Cn", "Co", "Cs")
    return unseen or bool(_SHOWS_NOTHING.match(char))


_SAFE = r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,250}[A-Za-z0-9_])?"
_NAME = re.compile(_SAFE)
_HUB_NAME = _KEY = re.compile(f"{_SAFE}/{_SAFE}")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_SPLIT = re.compile(r"[A-Za-z0-9_.-]+(?: [A-Za-z0-9_.-]+)*", re.ASCII)


def _model(name: str) -> str:
    if "--" in name:  # it would share a file with the hub name that it spells
        return _hashed(name)
    if _HUB_NAME.fullmatch(name) and len(name) < MAX_PART_CHARS:
        return name.replace("/", "--")
    return _part(name)


def _word(name: str) -> str:
    """A part of a stem that dots separate from the next."""
    return _hashed(name) if "." in name else _part(name)


def _part(name: str) -> str:
    return name if len(name) <= MAX_PART_CHARS and _NAME.fullmatch(name) else _hashed(name)


def _hashed(name: str) -> str:
    """What is safe of a name, and a hash of all of it."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:HASH_CHARS]
    kept = _UNSAFE.sub("-", name).replace(".", "-").strip("-")[: MAX_PART_CHARS - HASH_CHARS - 1]
    return f"{kept}-{digest}" if kept else f"unnamed-{digest}"
