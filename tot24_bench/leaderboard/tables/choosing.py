"""Which entry a person means: a key, a part of one that no other has, or a file.

>>> from tot24_bench.leaderboard.tables.choosing import match
>>> match("onestep", ["scout-2m/game24_io.0shot", "scout-2m/game24_onestep_tot.0shot"])
'scout-2m/game24_onestep_tot.0shot'
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from tot24_bench.harness import task_name
from tot24_bench.leaderboard.entry import Entry
from tot24_bench.leaderboard.tables.rows import one_line
from tot24_bench.leaderboard.store import paths, read_entry
from tot24_bench.prompts import METHODS

MAX_LISTED = 8
"""Keys that a message lists."""

KEY_CHARS = 200

PLAIN_TASKS = tuple(map(task_name, METHODS))
"""Tasks that ask the published test set."""


class NoSuchEntry(ValueError):
    """Nothing, or more than one thing, goes by that name; the message lists what is near."""


def choose(name: str, results: Path) -> Entry:
    """The entry of a name.

    Args:
        name: the key of a submission under `results`, a part of one key only, or the path of a
            submission's JSON file.

    Raises:
        NoSuchEntry: none, or several.
        BadSubmission: the file does not hold one.
    """
    path = Path(name)
    if name.endswith(".json") and path.is_file():
        return read_entry(path)
    folder = results / "submissions"
    keys = {one.relative_to(folder).with_suffix("").as_posix(): one for one in paths(results)}
    return read_entry(keys[match(name, list(keys))])


def match(name: str, keys: Sequence[str]) -> str:
    """The key that a name means: itself, or the only one that holds each of its words.

    Of several, the one that was asked the published test set, where there is one only.

    Raises:
        NoSuchEntry: none, or several.
    """
    if name in keys:
        return name
    words = name.casefold().split()
    found = [key for key in keys if words and all(word in key.casefold() for word in words)]
    shown = one_line(name)
    plain = [key for key in found if key.partition("/")[2].partition(".")[0] in PLAIN_TASKS]
    for one in (found, plain):
        if len(one) == 1:
            return one[0]
    if not keys:
        raise NoSuchEntry(f"no submission is called {shown!r}: there are none here")
    if found:
        raise NoSuchEntry(f"{len(found)} submissions go by {shown!r}: name one of {_listed(found)}")
    near = difflib.get_close_matches(name, keys, n=MAX_LISTED, cutoff=0.3) or list(keys)
    raise NoSuchEntry(f"no submission is called {shown!r}: there are {_listed(near)}")


def _listed(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - MAX_LISTED} more" if len(keys) > MAX_LISTED else ""
    return ", ".join(one_line(key, KEY_CHARS) for key in keys[:MAX_LISTED]) + more
