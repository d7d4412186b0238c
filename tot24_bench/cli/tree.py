"""`tot24 tree`: one search as a tree, in the terminal and as a picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from typer import Argument, Option

from tot24_bench.cli import options
from tot24_bench.cli.terminal import print_wide, say
from tot24_bench.files import write_durably
from tot24_bench.game import TARGET, Hand, Puzzle, read_puzzle
from tot24_bench.text import plural

if TYPE_CHECKING:
    from tot24_bench.search import SearchTree

MAX_TEXT_BYTES = 4 * 2**20  # of a text file: four bytes for each character that is scored
LOOKED_AT = 10  # records at the beginning of a file that tell what it holds
DATA = (".json", ".jsonl", ".gz")  # endings of files of many searches
NEAREST = 3  # hands that are named where there is none such

_KINDS = (
    "saved trees, a submission, a transcript or traces (.json, .jsonl), or a text file that holds "
    "one response"
)


class Search(NamedTuple):
    """A search that a file holds."""

    puzzle: Puzzle
    tree: Callable[[], SearchTree]


def tree_command(
    file: Annotated[Path, Argument(help=f"{_KINDS[0].upper()}{_KINDS[1:]}.")],
    puzzle: Annotated[
        str | None, Option(help='The hand, such as "4 5 6 10", in any order [default: list them].')
    ] = None,
    repeat: Annotated[int, Option(min=1, help="Which search for the hand, from 1.")] = 1,
    svg: Annotated[Path | None, Option(help="Draw it into this file, too (.svg).")] = None,
    whole: Annotated[
        bool, Option("--all", help="Draw every state, those too that were dropped or come again.")
    ] = False,
    target: options.Target = None,
    rule: options.UsingRule = None,
    skip_bad: options.SkipBad = False,
) -> None:
    """Draw one search as a tree: what was judged of each state, and whether it is true.

    Examples:

    `tot24 tree results/submissions/scout-2m/game24_onestep_tot.0shot.json --puzzle "4 5 6 10"`

    `tot24 tree trees.jsonl --puzzle "4 5 6 10" --svg tree.svg`

    `tot24 tree response.txt --puzzle "1 2 11 11" --target 22`
    """
    from tot24_bench.search import svg as draw_svg
    from tot24_bench.search import terminal_tree

    if not file.is_file():
        raise ValueError(f"there is no file {file}: give {_KINDS}")
    if svg is not None and svg.suffix.lower() != ".svg":
        raise ValueError(f"--svg {svg}: give a name that ends in .svg")
    asked = None if puzzle is None else read_puzzle(puzzle, target, rule)
    if not file.name.endswith(DATA):
        if asked is None:
            raise ValueError(f'{file} holds a response: say to which hand, --puzzle "4 5 6 10"')
        searches = iter([Search(asked, lambda: _of_text(file, asked))])
    else:
        searches = _searches(file, skip_bad)
    if asked is None:
        _list(file, searches)
        return
    chosen = _choose(file, searches, asked.hand, repeat, target=target, rule=rule)
    if svg is not None:
        try:
            write_durably(svg, draw_svg(chosen, whole))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ValueError(f"cannot write {svg} ({reason}): give another --svg") from None
    print_wide(terminal_tree(chosen, whole))
    if svg is not None:
        typer.echo(f"wrote {svg}")


def _of_text(file: Path, puzzle: Puzzle) -> SearchTree:
    from tot24_bench.search import tree_of_response

    with file.open("rb") as opened:
        data = opened.read(MAX_TEXT_BYTES + 1)
    if len(data) > MAX_TEXT_BYTES:
        raise ValueError(
            f"{file} is larger than {MAX_TEXT_BYTES:,} bytes: it holds no one response"
        )
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise ValueError(f"{file} is no text: give {_KINDS}")
    return tree_of_response(puzzle, text, file.name)


def _searches(file: Path, skip_bad: bool) -> Iterator[Search]:
    """The searches of a file of any kind, in its order; one of the file's lines at a time."""
    from tot24_bench.leaderboard import header_path, read
    from tot24_bench.prompts import METHOD_NAMES
    from tot24_bench.search import read_trees
    from tot24_bench.traces import read_traces
    from tot24_bench.transcripts import FORMATS, BadTranscript, read_transcript

    file = header_path(file)
    first = _first_record(file)
    if "nodes" in first:
        for tree in read_trees(file):
            yield Search(tree.puzzle, lambda tree=tree: tree)  # type: ignore[misc]
    elif "schema_version" in first:
        submission = read(file)
        method = submission.label or METHOD_NAMES.get(submission.method, submission.method)
        name = f"{method} of {submission.model.name}"
        if submission.samples and all(one.withheld for one in submission.samples):
            raise ValueError(f"{file} withholds its responses: there is nothing to draw")
        for sample in submission.samples:
            yield from _responses(sample.puzzle, sample.responses, name)
    elif str(first.get("format", "")).startswith("tot24-trace/"):
        for trace in read_traces(file):
            yield from _responses(trace.puzzle, [trace.response], file.stem)
    else:
        try:
            transcript = read_transcript(file, skip_bad=skip_bad, any_hand=True)
        except BadTranscript:
            if not first:  # then it says what is wrong
                raise
            formats = f"of a format that is known ({', '.join(FORMATS)})"
            kinds = f"saved trees, a submission, traces, or a transcript {formats}"
            raise ValueError(f"{file} holds no searches: give {kinds}") from None
        for one in transcript:
            yield from _responses(one.puzzle, one.responses, file.stem)


def _first_record(file: Path) -> dict[str, Any]:
    """The first JSON object of a file; empty where there is none among the first few values."""
    from tot24_bench.transcripts import BadTranscript, json_records

    with file.open("rb") as opened:
        try:
            records = [record.value for record in islice(json_records(opened), LOOKED_AT)]
        except BadTranscript:  # whoever reads it says what is wrong
            return {}
    return next((value for value in records if isinstance(value, dict)), {})


def _responses(puzzle: Puzzle, responses: Iterable[str], name: str) -> Iterator[Search]:
    from tot24_bench.search import tree_of_response

    for response in responses:
        yield Search(puzzle, lambda text=response: tree_of_response(puzzle, text, name))  # type: ignore[misc]


def _list(file: Path, searches: Iterable[Search]) -> None:
    """Print the hands of a file, each with its number of searches, and how to draw one."""
    counts = Counter((search.puzzle.hand, search.puzzle.target) for search in searches)
    for (hand, target), count in counts.items():
        to = "" if target == TARGET else f" to {target}"
        typer.echo(f"{_text(hand)}{to}  {count:,}")
    total = plural(counts.total(), "search").replace("searchs", "searches")
    example = _text(next(iter(counts), ((4, 5, 6, 10), TARGET))[0])
    say(f'{plural(len(counts), "hand")}, {total}; draw one: tot24 tree {file} --puzzle "{example}"')


def _choose(
    file: Path,
    searches: Iterable[Search],
    hand: Hand,
    repeat: int,
    **asked: object,
) -> SearchTree:
    """The search that is asked for; what of the puzzle was not asked for may be anything."""
    count = 0
    others: dict[Hand, None] = {}
    for search in searches:
        fits = all(value in (None, getattr(search.puzzle, name)) for name, value in asked.items())
        if search.puzzle.hand != hand or not fits:
            others[search.puzzle.hand] = None
            continue
        count += 1
        if count == repeat:
            return search.tree()
    if count:
        some = "one search" if count == 1 else f"{count:,} searches"
        most = "1" if count == 1 else f"1 to {count}"
        raise ValueError(f"{file} holds {some} for {_text(hand)}: --repeat {most}")
    if not others:
        raise ValueError(f"{file} holds no search: give {_KINDS}")
    near = ", ".join(map(_text, sorted(others, key=lambda one: _distance(one, hand))[:NEAREST]))
    told = "".join(f", {name} {value}" for name, value in asked.items() if value is not None)
    raise ValueError(
        f"{file} holds no search for {_text(hand)}{told}; the nearest: {near} "
        "(without --puzzle all are listed)"
    )


def _distance(one: Hand, other: Hand) -> tuple[int, int]:
    """How many numbers differ, and by how much the sums do."""
    left, right = Counter(one), Counter(other)
    return max((left - right).total(), (right - left).total()), abs(sum(one) - sum(other))


def _text(hand: Hand) -> str:
    return " ".join(map(str, hand))
