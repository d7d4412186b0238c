"""`tot24 show`: what a row's model wrote, hand by hand, each response with its checked search."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from tot24_bench.cli import options
from tot24_bench.cli.terminal import print_wide, say
from tot24_bench.game import Hand, read_puzzle
from tot24_bench.text import one_line, plural

if TYPE_CHECKING:
    from tot24_bench.leaderboard import Sample, Submission

MAX_LINES = 200  # of a response that are printed; a response that loops has thousands
MAX_CHARS = 200  # of a line


def show_command(
    submission: Annotated[
        str, Argument(help="A key, words that only one key holds, or a submission's JSON file.")
    ],
    hand: Annotated[
        str | None, Option(help='Show the response to this hand, such as "4 5 6 10".')
    ] = None,
    failed: Annotated[bool, Option("--failed", help="Only hands that were not solved.")] = False,
    beside: Annotated[
        str | None, Option(help="Another submission, to stand beside it on the same hands.")
    ] = None,
    results: options.Results = options.RESULTS,
    as_json: options.AsJson = False,
) -> None:
    """Show how each hand went, or one response beside its search, every thought checked.

    Examples:

    `tot24 show "scout-2m/ onestep 0shot" --failed`

    `tot24 show smollm2-135m-backward --hand "2 5 8 11"`

    `tot24 show smollm2-135m-backward --beside "scout-2m/ onestep 0shot" --failed`
    """
    from tot24_bench.leaderboard import find, read

    shown = [read(find(name, results)) for name in (submission, beside) if name is not None]
    if not shown[0].samples:
        raise ValueError(f"{shown[0].key} is reported without responses: there is none to show")
    asked = None if hand is None else read_puzzle(hand).hand
    of = {one.puzzle.hand: one for one in shown[0].samples}
    if asked is not None and asked not in of:
        near = ", ".join(one.puzzle.text for one in shown[0].samples[:3])
        raise ValueError(f"{shown[0].key} was not asked {hand}: it was asked {near}, ...")
    hands = [one for one in of if asked in (None, one) and not (failed and _is_right(of[one]))]
    if as_json:
        typer.echo(json.dumps([_plain(one, hands) for one in shown], indent=2, ensure_ascii=False))
    elif asked is not None:
        for one in shown:
            _show_hand(one, asked)
    else:
        _list_hands(shown, hands)


def _is_right(sample: Sample) -> bool:
    return all(score.correct for score in sample.scores)


def _title(submission: Submission) -> str:
    from tot24_bench.leaderboard import method_of

    shots = "" if submission.shots is None else f", {submission.shots}-shot"
    return one_line(f"{submission.model.name}, {method_of(submission)}{shots}", 100)


def _plain(submission: Submission, hands: Sequence[Hand]) -> dict[str, Any]:
    """A submission's responses to some hands, for programs."""
    return {
        "key": submission.key,
        "acc": submission.metrics.acc,
        "hands": [
            {
                "numbers": list(one.puzzle.numbers),
                "target": one.puzzle.target,
                "responses": list(one.responses),
                "scores": [score.to_json() for score in one.scores],
            }
            for one in submission.samples
            if one.puzzle.hand in hands
        ],
    }


def _said(sample: Sample | None) -> tuple[str, str]:
    """A sign, and the answer with what is wrong with it."""
    if sample is None:
        return "", "not asked"
    if len(sample.scores) > 1:
        right = sum(score.correct for score in sample.scores)
        return ("✓" if _is_right(sample) else "✗"), f"{right} of {len(sample.scores)} right"
    (score,) = sample.scores
    answer = one_line(score.answer, 40) or "no answer"
    if score.correct:
        return "✓", answer
    return "✗", f"{answer}: {one_line(score.reason, 60)}"


def _list_hands(shown: Sequence[Submission], hands: Sequence[Hand]) -> None:
    from tot24_bench.cli.terminal import table

    rows, counts = [], Counter[str]()
    of = [{one.puzzle.hand: one for one in submission.samples} for submission in shown]
    for hand in hands:
        cells = [_said(samples.get(hand)) for samples in of]
        counts[cells[0][0]] += 1
        rows.append([" ".join(map(str, hand)), *(cell for pair in cells for cell in pair)])
    headings = ["hand", *(text for one in shown for text in ("", _title(one)))]
    left = range(len(headings))
    print_wide(table(f"{plural(len(hands), 'hand')} of {shown[0].split}", headings, rows, left))
    example = " ".join(map(str, hands[0])) if hands else "4 5 6 10"
    say(
        f"{counts['✓']} solved, {counts['✗']} not, of those shown; one response: "
        f'tot24 show {shown[0].key} --hand "{example}"'
    )


def _show_hand(submission: Submission, hand: Hand) -> None:
    """The responses to a hand, each as written and as a tree that says what is true."""
    from tot24_bench.search import terminal_tree, tree_of_response

    sample = next((one for one in submission.samples if one.puzzle.hand == hand), None)
    typer.echo(f"{_title(submission)}: {' '.join(map(str, hand))}")
    if sample is None or sample.withheld:
        typer.echo("  not asked" if sample is None else "  its responses are withheld")
        return
    for number, (text, score) in enumerate(zip(sample.responses, sample.scores, strict=True), 1):
        if len(sample.responses) > 1:
            typer.echo(f"\nresponse {number}")
        lines = text.split("\n")
        for line in lines[:MAX_LINES]:
            typer.echo(f"  | {one_line(line, MAX_CHARS)}")
        if len(lines) > MAX_LINES:
            typer.echo(f"  | ... and {len(lines) - MAX_LINES:,} lines more")
        print_wide(terminal_tree(tree_of_response(sample.puzzle, text, str(score.verdict))))
