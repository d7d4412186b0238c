"""Which responses are canonical: every line to the letter a thought or heading, then the answer."""

from __future__ import annotations

import gzip
import json
import re
import time
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tot24_bench.game import Puzzle, load_split
from tot24_bench.scoring import analyse, read_canonical, read_steps
from tot24_bench.scoring.steps import MAX_STEPS
from tot24_bench.teachers import DEAD_END, write_response

ROOT = Path(__file__).parents[2]
RESULTS = sorted((ROOT / "results").rglob("*.samples.jsonl.gz"))
HANDS = [*load_split("train")[::7], *load_split("hard100")[::5], *load_split("unsolvable")[::40]]

N = r"[0-9]{1,12}(?:/0*[1-9][0-9]*)?"
OPERAND_TEXT = r"(?:[0-9]{1,12}|\([0-9]{1,12}/0*[1-9][0-9]*\))"
LINE_TEXT = re.compile(
    rf"{OPERAND_TEXT} [-+*/] {OPERAND_TEXT} = {N}(?: \(left:(?: {N}){{1,12}}\)(?:: dead end)?)?"
    rf"|Back to(?: {N}){{1,12}}|Steps:|Path:"
)


def is_canonical(text: str) -> bool:
    """The same question, asked of one line after the other."""
    first, *lines = text.split("\n")
    if first != "Steps:" or not lines:
        return False
    answer = re.fullmatch(r"Answer: [(0-9][-+*/()0-9 ]{0,118}[)0-9] = [0-9]{1,12}", lines[-1])
    return answer is not None and all(LINE_TEXT.fullmatch(line) for line in lines[:-1])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(HANDS), st.integers(), st.floats(0, 1))
def test_what_the_solver_writes_is_canonical(puzzle: Puzzle, seed: int, share: float) -> None:
    text = write_response(puzzle, "onestep_tot", Random(seed), share)
    canonical = read_canonical(text)
    if text.endswith("no solution"):
        assert canonical is None
    else:
        assert canonical == read_steps(text, text.rindex("Answer:"))


NUMBER = st.sampled_from(
    ["0", "1", "4", "24", "007", "999999999999", "8/3", "6/4", "4/2", "0/5", "1/0", "24/1", "1/00"]
)
OPERAND = NUMBER.map(lambda number: f"({number})" if "/" in number else number)
LEFT = st.lists(NUMBER, min_size=1, max_size=13).map(" ".join)
NOTE = st.one_of(
    st.just(""), st.builds(" (left: {}){}".format, LEFT, st.sampled_from(["", DEAD_END]))
)
THOUGHT = st.builds(
    "{} {} {} = {}{}".format, OPERAND, st.sampled_from("+-*/"), OPERAND, NUMBER, NOTE
)
LINE = st.one_of(
    THOUGHT, THOUGHT, st.sampled_from(["Steps:", "Path:"]), LEFT.map("Back to {}".format)
)
ANSWER = st.one_of(
    st.sampled_from(["(6 - 4) * (4 + 8) = 24", "4 * 6 = 24", "4 / 0 = 24", "(4/0) = 24"]),
    st.text("0123456789()+-*/= ", max_size=12),
)
SOUP = st.builds("Steps:\n{}\nAnswer: {}".format, st.lists(LINE, max_size=6).map("\n".join), ANSWER)


@settings(max_examples=500, deadline=None)
@given(SOUP, st.floats(0, 1), st.sampled_from(["", *"01+=(): \n\t,x²", "Answer: ", " 0", "Steps:"]))
@example("Steps:\n4 / 0 = 1\nBack to 4 1/0\n6 + 4 = 10\nAnswer: 6 + 4 = 10", 0, "")
@example("Steps:\nAnswer: 4 * 6 = 24", 0, "")
def test_a_single_sign_that_is_not_canonical_is_seen(text: str, where: float, sign: str) -> None:
    place = int(where * len(text))
    for written in (text, text[:place] + sign + text[place:]):
        assert (read_canonical(written) is not None) is is_canonical(written)


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: f"{path.parent.name}-{path.name[:-17]}")
def test_stored_responses_are_told_apart(path: Path) -> None:
    canonical = []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in islice(file, 500):
            for response in json.loads(line).get("responses", ())[:4]:
                canonical.append(read_canonical(response) is not None)
                assert canonical[-1] is is_canonical(response)
    if not canonical:
        pytest.skip(f"{path.name} holds scores alone")
    if path.parent.name.startswith("solver") and "onestep" in path.name:
        assert all(canonical)


def test_more_thoughts_than_are_read_are_not_canonical() -> None:
    text = "Steps:\n" + "6 - 4 = 2 (left: 2 4 8): dead end\n" * MAX_STEPS + "Answer: 4 * 6 = 24"
    assert read_canonical(text) is None
    assert len(analyse(Puzzle.parse("4 4 6 8"), text).thoughts) == MAX_STEPS


@pytest.mark.parametrize(
    "unit",
    [
        "4 + 8 = 12 (left: 4 6 12)\n",
        "4 + 8 = 12 (left:" + " 1" * 13,
        "Back to " + "1" * 12,
        "(4/" * 9,
        "Steps:\n",
        "\nAnswer: ",
        "\nAnswer: (",
        "1 ",
        "\n",
    ],
)
def test_hostile_lengths_cost_no_more_than_their_length(unit: str) -> None:
    def seconds(length: int) -> float:
        text = "Steps:\n" + unit * (length // len(unit)) + "\nAnswer: 4 * 6 = 24"
        started = time.process_time()
        read_canonical(text)
        return time.process_time() - started

    short = min(seconds(20_000) for _ in range(3))
    assert min(seconds(200_000) for _ in range(3)) < 40 * short + 0.05
