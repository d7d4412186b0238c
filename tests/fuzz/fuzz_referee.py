"""Fuzz the referee, guided by coverage: the expression reader, the answer finder, the analyser.

    pip install atheris
    python tests/fuzz/fuzz_referee.py --seconds 600

Atheris (libFuzzer) mutates the answers of `tests/scoring/corpus` with the words of `referee.dict`
towards code that was not reached before. `check` says what must hold of every text; what breaks it
is written beside the findings as `crash-...`, a text that takes over HANG_SECONDS as `timeout-...`.
To look at one again: `python tests/fuzz/fuzz_referee.py --replay FILE`, which needs no atheris.
Atheris has wheels for some Pythons and platforms only, so it is no dependency of the project;
`test_fuzz_referee.py` runs `check` on every seed.

The first byte of an input chooses the puzzle and whether the response was cut off, the rest is the
response in UTF-8, in which a byte that fits nowhere is one lone surrogate.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from functools import cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tot24_bench.game import Puzzle

# The benchmark is imported inside the functions, so that atheris can instrument it first.

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CORPUS = ROOT / "tests" / "scoring" / "corpus" / "answers.jsonl"
DICTIONARY = HERE / "referee.dict"
FINDINGS = ROOT / "runs" / "fuzz"

CUT_OFF = 0x80
"""Bit of the first byte that says that the token limit cut the response off."""

MAX_INPUT_BYTES = 4_096
"""Longest input that is tried: longer ones slow the search, and `test_scoring_scale` times them."""

HANG_SECONDS = 5
"""One input that takes longer is a finding."""

MAX_SCORE_CHARS = 4_000
"""A score as JSON: at most 200 characters of answer, a value of two numbers under 800 digits."""


@cache
def puzzles() -> tuple[Puzzle, ...]:
    """The puzzles that are asked."""
    from tot24_bench.game import Puzzle, Rule

    return (
        Puzzle.parse("4 4 6 8"),
        Puzzle.parse("4 9 10 13"),
        Puzzle.parse("3 3 8 8"),
        Puzzle.parse("1 1 1 1"),
        Puzzle((24,)),
        Puzzle((3, 5), -2),
        Puzzle((4, 4, 6, 8), 24, Rule.SOME),
        Puzzle((1, 2, 3, 4, 5, 6, 7)),
    )


SIX_OR_EIGHT = re.compile(r"(?<![0-9a-zA-Z_\\&#.])(0*)([68])(?![0-9a-zA-Z_])")
"""Two of the exemplar's numbers where they stand alone, not in `&#8722;` or an ANSI code.

Commas are no bar: a list such as `6 4 6,4` changed in part would become another hand."""

SEARCHES = (
    "**Step 1:** 8 - 4 = 4\nRemaining numbers: 4, 4, 6\n**Step 2:** 4 × 4 = 16\nLeft: 6, 16\nNo.",
    "1. 4 + 8 = 12 (left: 4 6 12)\n2. 6 - 4 = 2 (left: 2 12)\n3. 2 * 12 = 24 (left: 24)",
    "Back to 4 4 6 8\n- $4 \\times 6 = 24$, leaving 4 and 8\n- $\\frac{8}{4} = 2$ -> [2, 24]",
    "Let's try another path:\n8 / 6 = 4/3 (left: 4/3 4 4): dead end\n(4/3) * 4 = 16/3 (4 16/3)",
    "4 - 8 = -4 (left: -4 4 6), so 6 - (-4) = 10, 10 + 4 = 14. That is not 24. Start over.",
    "If 4 * 6 = 24 then we need 8 - 4 = 0. 5 / 2 \\approx 2.5 (4 and 8 remain)",
)
"""Searches of 4 4 6 8 as models write them, false and true."""


def decode(data: bytes) -> tuple[Puzzle, str, bool]:
    """What an input of the fuzzer stands for: a puzzle, a response, and whether it was cut off."""
    first = data[0] if data else 0
    response = data[1:].decode("utf-8", "surrogateescape")
    return puzzles()[first % len(puzzles())], response, bool(first & CUT_OFF)


def encode(puzzle: Puzzle, response: str, truncated: bool) -> bytes:
    """The input that `decode` reads as these; another puzzle is asked as the exemplar."""
    first = puzzles().index(puzzle) if puzzle in puzzles() else 0
    return bytes([first | (CUT_OFF if truncated else 0)]) + response.encode("utf-8", "replace")


def check(puzzle: Puzzle, response: str, truncated: bool) -> None:
    """Everything that must hold of any text; raises where it does not."""
    from tot24_bench.scoring import (
        Score,
        Verdict,
        analyse,
        parse_expression,
        read_expression,
        score,
    )
    from tot24_bench.scoring.steps import MAX_STEPS

    whole, begun = parse_expression(response), read_expression(response)
    assert (whole.value is None) is (whole.problem is not None)
    assert begun is None or 0 <= begun.end <= len(response)
    assert begun is None or whole.value is None or whole.value == begun.value

    result = score(puzzle, response, truncated=truncated)
    written = json.dumps(result.to_json(), ensure_ascii=False)
    written.encode("utf-8")
    assert len(written) <= MAX_SCORE_CHARS, len(written)
    assert Score.from_json(json.loads(written)) == result
    assert result.reason and result.truncated is truncated
    assert not result.correct or result.verdict in (Verdict.CORRECT, Verdict.NO_SOLUTION)
    if result.verdict is Verdict.CORRECT:
        assert result.correct and result.valid and result.value == str(puzzle.target)
    assert not (result.correct and result.false_claim)
    assert result.correct or not result.false_rhs
    assert truncated or result.verdict is not Verdict.TRUNCATED
    check_blind_choice(response)

    analysis = analyse(puzzle, response, truncated=truncated)
    assert analysis.score == result
    assert (analysis.failed_at is None) is result.correct
    assert len(analysis.thoughts) <= MAX_STEPS
    for i, thought in enumerate(analysis.thoughts):
        assert -1 <= thought.parent < i
        assert not thought.exact or thought.fault is None
    json.dumps(analysis.to_json(), ensure_ascii=False).encode("utf-8")


def check_blind_choice(response: str) -> None:
    """Two numbers of the hand change places everywhere: only what things are worth differs."""
    from tot24_bench.scoring import find_answer

    exemplar = puzzles()[0]
    swapped = SIX_OR_EIGHT.sub(lambda one: one[1] + ("8" if one[2] == "6" else "6"), response)
    one, other = find_answer(response, exemplar), find_answer(swapped, exemplar)
    assert (one.kind, one.start, one.introduced) == (other.kind, other.start, other.introduced)
    assert [each.size for each in one.stated] == [each.size for each in other.stated]


def seeds() -> list[bytes]:
    """The tricky answers, searches in several dresses and searches of the solver, as inputs."""
    from tot24_bench.game import Puzzle
    from tot24_bench.teachers import write_response

    exemplar = puzzles()[0]
    found = [encode(exemplar, search, False) for search in SEARCHES]
    for puzzle in puzzles()[:4]:
        for seed in range(3):
            search = write_response(puzzle, "onestep_tot", Random(seed), seed / 2)
            found.append(encode(puzzle, search, False)[:MAX_INPUT_BYTES])
    for line in CORPUS.read_text(encoding="utf-8").split("\n"):
        if line:
            case = json.loads(line)
            puzzle = Puzzle(tuple(case["numbers"]), case["target"])
            found.append(encode(puzzle, case["response"], case.get("truncated", False)))
    return found


def fuzz(seconds: int, findings: Path) -> None:
    """Fuzz for `seconds`; ends the process, with a status of 0 where nothing was found."""
    try:
        import atheris
    except ImportError:
        sys.exit("fuzzing needs atheris: pip install atheris (wheels for some Pythons only)")
    with atheris.instrument_imports(include=["tot24_bench.scoring"]):
        import tot24_bench.scoring.analysis  # noqa: F401

    findings.mkdir(parents=True, exist_ok=True)
    inputs = Path(tempfile.mkdtemp(prefix="fuzz-referee-"))
    for i, seed in enumerate(seeds()):
        (inputs / f"seed-{i:04d}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={MAX_INPUT_BYTES}",
        f"-timeout={HANG_SECONDS}",
        f"-dict={DICTIONARY}",
        f"-artifact_prefix={findings}/",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(inputs)], lambda data: check(*decode(data)))
    atheris.Fuzz()


def main() -> None:
    """Read the command line; see the module."""
    parser = argparse.ArgumentParser(description="Fuzz the referee, guided by coverage.")
    parser.add_argument("--seconds", type=int, default=60, help="how long to fuzz")
    parser.add_argument(
        "--findings", type=Path, default=FINDINGS, help="where findings are written"
    )
    parser.add_argument("--replay", type=Path, help="check one finding again instead")
    arguments = parser.parse_args()
    if arguments.replay is None:
        fuzz(arguments.seconds, arguments.findings)
    else:
        puzzle, response, truncated = decode(arguments.replay.read_bytes())
        print(f"{puzzle.text} -> {puzzle.target}, cut off: {truncated}\n{response!r}")
        check(puzzle, response, truncated)


if __name__ == "__main__":
    main()
