"""Show a person what a response did: its attempts as a tree, and which thought broke which rule."""

from __future__ import annotations

from fractions import Fraction

from rich.console import Group
from rich.text import Text
from rich.tree import Tree

from tot24_bench.game import Number, combine
from tot24_bench.scoring import AT_ANSWER, MALFORMED, Analysis, Fault, Thought

MAX_SHOWN = 200
"""Thoughts that are shown; a response that loops has thousands."""

_FAULTS = {
    Fault.TOO_MANY: "there is one number left, nothing to combine",
    Fault.UNAVAILABLE: "{missing} not there: {there} left",
    Fault.ARITHMETIC: "is {result}",
    Fault.LEFT: "leaves {after}",
}


def explain(analysis: Analysis) -> Group:
    """The attempts of a response as a tree in colour, and what comes of them in words.

    Text of the response is shown as it is, never read as markup.
    """
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


def _label(analysis: Analysis, thought: Thought, final: bool) -> Text:
    label = Text(thought.step.text, "bold" if final else "")
    if thought.fault is not None:
        label.append(f"  ✗ {_fault(analysis, thought)}", "red")
        return label
    numbers = " ".join(map(str, thought.left))
    label.append(f"  ({numbers})", "dim")
    wins = analysis.can_win(thought)
    if len(thought.left) == 1:
        made = thought.left[0] == analysis.puzzle.target
        label.append("  ✓" if made else f"  not {analysis.puzzle.target}", "green" if made else "")
    elif wins is not None:
        label.append("  can win" if wins else "  dead", "green" if wins else "yellow")
    if thought.step.dead_end and len(thought.left) > 1 and wins is not None:
        label.append(", marked wrongly" if wins else ", marked rightly", "red" if wins else "green")
    return label


def _fault(analysis: Analysis, thought: Thought) -> str:
    parent = thought.parent
    there = list(analysis.puzzle.hand if parent < 0 else analysis.thoughts[parent].left)
    step = thought.step
    missing, rest = [], list(there)
    for number in (step.a, step.b):
        if number in rest:
            rest.remove(number)
        else:
            missing.append(str(number))
    return _FAULTS[thought.fault or Fault.LEFT].format(
        missing=" and ".join(missing) + (" are" if len(missing) > 1 else " is"),
        there=" ".join(map(str, there)),
        result=_result(step.a, step.op, step.b),
        after=" ".join(map(str, sorted([*rest, step.value]))),
    )


def _result(a: Number, op: str, b: Number) -> str:
    try:
        return str(combine(Fraction(a), op, Fraction(b)))
    except ZeroDivisionError:
        return "a division by zero"


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
