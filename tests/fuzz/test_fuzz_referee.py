"""The fuzzer's checks hold for its seeds, its words and its own reading of inputs."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

HARNESS = runpy.run_path(str(Path(__file__).parent / "fuzz_referee.py"))
WORD = re.compile(r'"(.+)"')


def test_every_seed_and_every_cut_of_it_passes_the_checks() -> None:
    seeds = HARNESS["seeds"]()
    assert len(seeds) >= 120
    for seed in seeds:
        for end in {len(seed), len(seed) // 2, len(seed) - 1}:
            HARNESS["check"](*HARNESS["decode"](seed[:end]))


def test_every_word_of_the_dictionary_can_be_read_and_passes_the_checks() -> None:
    lines = HARNESS["DICTIONARY"].read_text(encoding="utf-8").split("\n")
    words = [line for line in lines if line and not line.startswith("#")]
    assert len(words) > 150
    for line in words:
        match = WORD.fullmatch(line)
        assert match, line
        word = match[1].encode().decode("unicode_escape").encode("latin-1")
        for data in (word, b"\0Answer: " + word * 3, b"\x814 + 8 = 12 " + word + b"\n2 * 12 = 24"):
            HARNESS["check"](*HARNESS["decode"](data))


@pytest.mark.parametrize("response", ["", "Answer: 4 × 6", "x\n\0"])
@pytest.mark.parametrize("truncated", [False, True])
def test_an_input_is_read_back_as_what_it_was_made_of(response: str, truncated: bool) -> None:
    puzzle = HARNESS["puzzles"]()[1]
    data = HARNESS["encode"](puzzle, response, truncated)
    assert HARNESS["decode"](data) == (puzzle, response, truncated)


def test_bytes_that_are_no_text_are_a_response_all_the_same() -> None:
    assert HARNESS["decode"](b"")[1] == "" and HARNESS["decode"](b"\x00\xff")[1] == "\udcff"
