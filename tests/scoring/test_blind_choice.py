"""Which place of a response is its answer never depends on what is true there.

A policy that is paid for right answers finds whatever breaks this: responses that offer several
expressions, of which the scorer picks the one that is worth 24.
"""

from __future__ import annotations

import ast
import re
from itertools import combinations_with_replacement
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

import tot24_bench.scoring
from tot24_bench.game import Puzzle, load_split, solve
from tot24_bench.scoring import Commitment, find_answer, score

RIGHT = "(6 - 4) * (4 + 8)"
WRONGS = ("(6 - 8) * (4 + 4)", "(8 - 6) * (4 + 4)", "(4 - 6) * (4 + 8)", "(4 - 8) * (4 + 6)")
WRONGS += ("(8 - 4) * (4 + 6)", WRONGS[0].replace("+", "-"))
WRONG = WRONGS[0]
HAND = Puzzle.parse("4 4 6 8")

LINES = [
    "{}",
    "{} = 24",
    "{0} = {0}",
    "So {0} = {0}",
    "Answer: {}",
    "Answer: {} = 24",
    "Answer: {0} = {0}, so there is no solution",
    "Attempt: {}",
    "- {} = 24",
    "1. {}",
    "| {} | 24 |",
    "**{}**",
    "`{}`",
    "$\\boxed{{{}}}$",
    "<answer>{}</answer>",
    '{{"answer": "{}"}}',
    "The expression {} equals 24.",
    "Lösung: {} = 24",
    "It is {} or",
    "not {} = 24",
    "~~{}~~",
    "Correction: {} = 24",
    "Input: 4 4 6 8\n{}",
    "Input: x\n{} = 24",
    "Input: 1 2 3 4\n{}",
    "{} = 24 (left: 24)",
]
BETWEEN = [
    *("", "Answer: 24", "\\boxed{24}", "There is no solution.", "That is wrong.", "Input: x"),
    *("24", "Wait, no.", "or", "Steps:", "</s>", "Let me check: 2 * 12 = 24", "I give up."),
]


@settings(max_examples=600, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from(BETWEEN)), min_size=2, max_size=5)
)
def test_the_same_place_is_chosen_whichever_candidate_is_right(
    parts: list[tuple[str, str]],
) -> None:
    """Each place in turn gets the right expression; the wrong ones are as long."""
    chosen = set()
    for place in range(len(parts)):
        response = ""
        for i, (line, between) in enumerate(parts):
            response += line.format(RIGHT if i == place else WRONGS[i]) + f"\n{between}\n"
        answer = find_answer(response, HAND)
        chosen.add((answer.kind, len(answer.stated), answer.start, answer.introduced))
    assert len(chosen) == 1


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from(BETWEEN)), min_size=2, max_size=5),
    st.booleans(),
)
def test_of_responses_with_one_right_candidate_at_most_one_place_wins(
    parts: list[tuple[str, str]], claims: bool
) -> None:
    wins = 0
    for place in range(len(parts)):
        response = "There is no solution.\n" if claims else ""
        for i, (line, between) in enumerate(parts):
            response += line.format(RIGHT if i == place else WRONGS[i]) + f"\n{between}\n"
        wins += score(HAND, response).correct
    assert wins <= 1


# fmt: off
FRAGMENTS = [
    RIGHT, WRONG, "4 + 4 + 6 + 8", "6 * 8 / (4 - 4)", "2 * 12 = 24", "6 - 4 = 2 (left: 2 4 8)\n",
    "= 24", "= 22", " = ", "24", "\n", "\n\n", " ", "Answer: ", "Answer:\n", "**", "`", "- ", "1. ",
    "| ", " or ", ", ", "; ", "\\boxed{", "}", "<answer>", "</answer>", "<think>", "</think>", "~~",
    "Input: 4 4 6 8\n", "Input: 1 2 3 4\n", "Q: 4 4 4 8\n", "User: ", "</s>", "not ", " is not 24",
    "That is wrong.",
    "Wait, ", "Correction: ", "There is no solution. ", "I give up. ", '{"answer": "', '"}', '["',
    '", "', "\\frac{8}{4}", "\\times ", " x ", "(", ")", "[", "]", " equals 24. ", "Solution: ",
    "4 4 6 8: ", "but ", "if ", "Step 1: ", " \\text{ or } ", "$", "[THINK]", "assistantfinal",
]
# fmt: on


@settings(max_examples=1500, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=24).map("".join))
def test_numbers_that_change_places_change_no_place(response: str) -> None:
    """6 and 8, both of the hand, are swapped everywhere: only what things are worth differs."""
    swapped = response.translate(str.maketrans("68", "86"))
    one, other = find_answer(response, HAND), find_answer(swapped, HAND)
    assert (one.kind, one.start, one.end) == (other.kind, other.start, other.end)
    assert [each.size for each in one.stated] == [each.size for each in other.stated]


def random_expressions(puzzle: Puzzle, count: int, rng: Random) -> list[str]:
    """Expressions of the hand's numbers with signs and brackets drawn blindly."""
    drawn = []
    for _ in range(count):
        parts = [str(number) for number in rng.sample(puzzle.numbers, len(puzzle.numbers))]
        while len(parts) > 1:
            i = rng.randrange(len(parts) - 1)
            parts[i : i + 2] = [f"({parts[i]} {rng.choice('+-*/')} {parts[i + 1]})"]
        drawn.append(parts[0][1:-1])
    return drawn


DRESSES = {
    "lines": "\n".join,
    "equations": lambda drawn: "\n".join(f"{one} = 24" for one in drawn),
    "each its own value, then the target": lambda drawn: (
        "\n".join(f"{one} = {one}" for one in drawn) + "\nAnswer: 24"
    ),
    "each its own value, then a box": lambda drawn: (
        "\n".join(f"{one} = {one}" for one in drawn) + "\n\\boxed{24}"
    ),
    "the target first": lambda drawn: "Answer: 24\n" + "\n".join(f"{one} = {one}" for one in drawn),
    "between bare inputs": lambda drawn: "\nInput: x\n".join(f"So {one} = {one}" for one in drawn),
    "answers": lambda drawn: "\n".join(f"Answer: {one} = 24" for one in drawn),
    "answers and a claim": lambda drawn: "\n".join(
        f"Answer: {one} = {one}, so there is no solution" for one in drawn
    ),
    "or": lambda drawn: "Answer: " + " or ".join(drawn),
    "commas": lambda drawn: "Answer: " + ", ".join(f"{one} = 24" for one in drawn),
    "semicolons": lambda drawn: "Answer: " + "; ".join(drawn),
    "a chain": lambda drawn: "Answer: " + " = ".join(drawn),
    "bullets": lambda drawn: "Answer:\n" + "\n".join(f"- {one} = 24" for one in drawn),
    "numbered": lambda drawn: "\n".join(f"{i}. {one} = 24" for i, one in enumerate(drawn, 1)),
    "a table": lambda drawn: (
        "| try | value |\n|---|---|\n" + "\n".join(f"| {one} | 24 |" for one in drawn)
    ),
    "boxes": lambda drawn: " ".join(f"\\boxed{{{one}}}" for one in drawn),
    "tags": lambda drawn: "\n".join(f"<answer>{one}</answer>" for one in drawn),
    "a JSON list": lambda drawn: '{"answers": ["' + '", "'.join(drawn) + '"]}',
    "JSON objects": lambda drawn: "\n".join(f'{{"answer": "{one}"}}' for one in drawn),
    "denied one by one": lambda drawn: "\n".join(
        f"{one} = 24? No, that is wrong." for one in drawn
    ),
    "corrected one by one": lambda drawn: "Answer: " + " = 24. Correction: ".join(drawn) + " = 24",
    "end tokens": lambda drawn: "</s>\n".join(f"{one} = 24" for one in drawn),
    "bold": lambda drawn: "\n\n".join(f"**{one}**" for one in drawn),
    "the hand again and again": lambda drawn: "\n".join(
        f"Input: 4 4 6 8\n{one} = {one}" for one in drawn
    ),
}


def test_a_blind_list_wins_no_more_often_than_its_last_line_alone() -> None:
    """60 random expressions of each of the 361 hardest hands, in every dress.

    A list holds a right one for 55 of the hands; its last line alone is right for two.
    """
    rng = Random(24)
    lists = [(puzzle, random_expressions(puzzle, 60, rng)) for puzzle in load_split("hardest")]
    alone = {puzzle for puzzle, drawn in lists if score(puzzle, drawn[-1]).correct}
    hidden = [one for one in lists if any(score(one[0], drawn).correct for drawn in one[1])]
    assert len(alone) < 10 < 50 < len(hidden)
    for name, dress in DRESSES.items():  # the other lists hold nothing to win
        won = [puzzle for puzzle, drawn in hidden if score(puzzle, dress(drawn)).correct]
        assert len(won) <= len(alone), name


def test_a_response_that_claims_and_shows_wins_on_one_side_at_most() -> None:
    """What wins on hands with and without a solution would win without looking."""
    solvable = list(load_split("hard100"))[:20]
    unsolvable = [Puzzle((1, 1, 1, number)) for number in range(1, 6)]
    for shape in (
        "Answer: {0} = {0}, so there is no solution",
        "There is no solution.\nSo {0} = {0}",
        "There is no solution.\n{} = 24",
        "{} = 24\nThere is no solution.",
        "Answer: {}\nThere is no solution.",
        "Answer: there is no solution, or {}",
        "Either {} = 24, or it is impossible.",
    ):
        right = all(
            score(puzzle, shape.format(next(iter(solve(puzzle))).expression)).correct
            for puzzle in solvable
        )
        none = all(
            score(puzzle, shape.format(" + ".join(map(str, puzzle.numbers)))).correct
            for puzzle in unsolvable
        )
        assert not (right and none), shape


def test_what_finds_an_answer_imports_nothing_that_evaluates() -> None:
    """import-linter holds this too; here without a tool, so that the reason stands beside it."""
    room = Path(tot24_bench.scoring.__file__).parent
    met, waiting = set(), ["answer"]
    while waiting:
        name = waiting.pop()
        met.add(name)
        for node in ast.walk(ast.parse((room / f"{name}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                inner = re.fullmatch(r"tot24_bench\.scoring\.(\w+)", node.module)
                waiting += [inner[1]] if inner and inner[1] not in met else []
                assert not node.module.startswith("tot24_bench.game") or node.module.endswith(
                    "puzzle"
                )
    assert not met & {"expression", "score", "replay", "analysis"}, met


def test_every_right_answer_in_plain_dress_wins() -> None:
    """The other half: nobody who solves loses."""
    hands = list(combinations_with_replacement(range(1, 14), 4))[::40]
    for hand in hands:
        for solution in list(solve(Puzzle(hand)))[:2]:
            for dress in ("Answer: {}", "{} = 24", "So:\n\n{}\n\nDone.", "`{}`", "$\\boxed{{{}}}$"):
                result = score(Puzzle(hand), dress.format(solution.expression))
                assert result.correct, (hand, dress, result)


def test_the_kinds_of_an_answer_are_told_apart() -> None:
    kinds = {
        f"Answer: {RIGHT}": Commitment.EXPRESSION,
        f"Answer: {RIGHT} is not 24": Commitment.DENIED,
        f"~~{RIGHT} = 24~~": Commitment.DENIED,
        f"Answer: {RIGHT}, so there is no solution": Commitment.HEDGED,
        "Answer: there is no solution": Commitment.NO_SOLUTION,
        "I give up.": Commitment.ABSTAINED,
        "": Commitment.NOTHING,
    }
    for response, kind in kinds.items():
        assert find_answer(response, HAND).kind is kind, response
