"""`tot24 solve` and `tot24 score`: the solutions of a hand, and the verdict on a response."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from tot24_bench.cli import options
from tot24_bench.cli.terminal import print_wide
from tot24_bench.game import Number, combine, read_puzzle, solve
from tot24_bench.scoring import (
    AT_ANSWER,
    MALFORMED,
    Analysis,
    BrokenRule,
    ReplayedThought,
    analyse,
    score,
)

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text

MAX_SOLVED = 6  # numbers of a hand whose every solution is listed: a seventh takes minutes
MAX_RESPONSE_BYTES = 64 * 1024 * 1024  # of standard input; far above what any model writes
MAX_SHOWN = 200  # thoughts that are shown; a response that loops has thousands


def solve_command(
    numbers: Annotated[list[str], Argument(help="The hand, such as 4 4 6 8.")],
    target: options.Target = None,
    rule: options.UsingRule = None,
) -> None:
    """Print every distinct solution of a hand.

    Example: `tot24 solve 4 4 6 8`
    """
    puzzle = read_puzzle(" ".join(numbers), target, rule)
    if len(puzzle.numbers) > MAX_SOLVED:
        raise ValueError(
            f"{len(puzzle.numbers)} numbers are too many to list every solution of: "
            f"give at most {MAX_SOLVED}"
        )
    solutions = solve(puzzle)
    if not solutions:
        typer.echo(f"{puzzle.text} cannot make {puzzle.target}.")
    for solution in solutions:
        typer.echo(f"{solution.expression} = {puzzle.target}")


def score_command(
    hand: Annotated[str, Argument(help='"4 4 6 8", "[4, 4, 6, 8]", or JSON with its target.')],
    target: options.Target = None,
    rule: options.UsingRule = None,
    truncated: Annotated[bool, Option(help="The response was cut off by a token limit.")] = False,
    explain: Annotated[
        bool, Option("--explain", help="Show the attempts as a tree, and what went wrong.")
    ] = False,
    as_json: Annotated[
        bool, Option("--json", help="Print the score as JSON; with --explain every thought, too.")
    ] = False,
) -> None:
    """Score one response, read from standard input.

    Examples:

    `tot24 score "4 4 6 8" < response.txt`

    `tot24 score "4 4 6 8" --explain < response.txt`
    """
    puzzle = read_puzzle(hand, target, rule)
    response = sys.stdin.buffer.read(MAX_RESPONSE_BYTES).decode("utf-8", "replace")
    judge = analyse if explain else score
    result = judge(puzzle, response, truncated=truncated)
    if as_json:
        typer.echo(json.dumps(result.to_json(), ensure_ascii=False))
    elif isinstance(result, Analysis):
        print_wide(_explained(result))
    else:
        typer.echo(f"verdict: {result.verdict}\nreason:  {result.reason}")
        if result.answer is not None:
            typer.echo(f"answer:  {result.answer}")
        if result.value is not None:
            typer.echo(f"value:   {result.value}")


def _explained(analysis: Analysis) -> Group:
    """The attempts of a response as a tree in colour, and what comes of them in words.

    Text of the response is shown as it is, never read as markup.
    """
    from rich.console import Group
    from rich.text import Text
    from rich.tree import Tree

    root = Tree(Text(f"hand {analysis.puzzle.text}, target {analysis.puzzle.target}", "bold"))
    branches = {-1: root}
    final = set(map(id, analysis.final))
    own = [i for i, thought in enumerate(analysis.thoughts) if not thought.repeats]
    for i in own[:MAX_SHOWN]:
        thought = analysis.thoughts[i]
        label = _label(analysis, thought, id(thought) in final)
        branches[i] = branches.get(thought.parent, root).add(label)
    if len(own) > MAX_SHOWN:
        root.add(Text(f"... and {len(own) - MAX_SHOWN} thoughts more", "dim"))
    return Group(root, *map(Text, _summary(analysis)))


def _label(analysis: Analysis, thought: ReplayedThought, final: bool) -> Text:
    from rich.text import Text

    label = Text(thought.step.text, "bold" if final else "")
    if thought.fault is not None:
        label.append(f"  ✗ {_fault(analysis, thought)}", "red")
        return label
    label.append(f"  ({_joined(thought.left)})", "dim")
    wins = analysis.can_win(thought)
    if len(thought.left) == 1:
        made = thought.left[0] == analysis.puzzle.target
        label.append("  ✓" if made else f"  not {analysis.puzzle.target}", "green" if made else "")
    elif wins is not None:
        label.append("  can win" if wins else "  dead", "green" if wins else "yellow")
        if thought.step.dead_end:
            said = ", marked wrongly" if wins else ", marked rightly"
            label.append(said, "red" if wins else "green")
    return label


def _fault(analysis: Analysis, thought: ReplayedThought) -> str:
    step, parent = thought.step, thought.parent
    there = analysis.puzzle.hand if parent < 0 else analysis.thoughts[parent].left
    used, held = Counter((step.a, step.b)), Counter(there)
    match thought.fault:
        case BrokenRule.TOO_MANY:
            return "there is one number left, nothing to combine"
        case BrokenRule.UNAVAILABLE:
            missing = [str(number) for number in (used - held).elements()]
            are = "are" if len(missing) > 1 else "is"
            return f"{' and '.join(missing)} {are} not there: {_joined(there)} left"
        case BrokenRule.ARITHMETIC:
            try:
                return f"is {combine(Fraction(step.a), step.op, Fraction(step.b))}"
            except ZeroDivisionError:
                return "is a division by zero"
    left = (held - used + Counter([step.value])).elements()
    return f"leaves {_joined(sorted(left))}"


def _joined(numbers: Iterable[Number]) -> str:
    return " ".join(map(str, numbers))


def _summary(analysis: Analysis) -> list[str]:
    score = analysis.score
    lines = [f"verdict: {score.verdict}: {score.reason}"]
    if score.answer:
        lines.append(f"answer: {score.answer}")
    if analysis.thoughts:
        lines.append(
            f"search: {analysis.attempts} attempts, {analysis.states_visited} states visited, "
            f"{analysis.states_revisited} revisits, dead ends marked rightly "
            f"{analysis.dead_ends_marked_rightly}, wrongly {analysis.dead_ends_marked_wrongly}"
        )
    if analysis.failed_at == MALFORMED:
        lines.append("first failure: malformed, no thought stands before the answer")
    elif analysis.failed_at == AT_ANSWER:
        lines.append("first failure: the answer; no thought before it breaks a rule")
    elif analysis.failed_at is not None:
        lines.append(f"first failure: thought {analysis.failed_at} of the final attempt")
    if analysis.answer_agrees is False:
        lines.append("the answer does not say what the final attempt did")
    return lines
