"""Training rows: the prompts that the tasks really send, answered by the solver teacher.

Row `i` of a seed is always the same row, whatever the number of rows asked for. Each row draws a
method, a train hand (of the deck, or beyond it), the order in which its numbers are dealt, the
number of shots, and the teacher's choices. Every hand and every exemplar passes the leakage guard,
and every response is scored: a teacher that writes a wrong answer stops the run.

>>> row = make_row(RowConfig(), 0)
>>> sorted(row)
['completion', 'method', 'numbers', 'prompt', 'shots']
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import tot24_bench
from tot24_bench.game import (
    GENERATED,
    SMALLEST_HAND,
    Number,
    Puzzle,
    State,
    Thought,
    can_reach,
    draw,
    guard_parts,
    load_split,
)
from tot24_bench.prompts import (
    JUDGEMENT,
    SHOTS,
    STEP_METHODS,
    build,
    build_step,
    pick,
    variant_of,
)
from tot24_bench.scoring import score
from tot24_bench.teachers import (
    DEAD_END,
    SOLVER,
    CannotTeach,
    Curriculum,
    judgement_lines,
    plausible_thoughts,
    put_together,
    write,
)
from tot24_bench.traces import Guard, read_dataset, read_record

from .config import RowConfig

if TYPE_CHECKING:
    from datasets import Dataset

MARKS = ("kept", "removed", "random")
"""What becomes of the oracle's marks; `random` is for studies: it makes them untrue."""


class BadRows(ValueError):
    """No rows can be made of the config; the message names the flag."""


class WrongTeacher(ValueError):
    """The teacher's response is not right: nothing may be trained on it."""


def make_dataset(config: RowConfig) -> Dataset:
    """All rows of the config as a `datasets.Dataset` (cached on disk by the config).

    Raises:
        LeakedHand, BadDataset, BadRows, BadCurriculum, WrongTeacher: as `guard` and `make_row`.
    """
    from datasets import Dataset

    if config.dataset is not None:
        folder = read_dataset(Path(config.dataset)).path
        return Dataset.from_parquet(str(folder / "prompt_completion" / "train.parquet"))
    guard(config)
    return Dataset.from_generator(_rows, gen_kwargs={"config": config, "code": _code_sha256()})


def make_validation_rows(config: RowConfig) -> Dataset:
    """The solver's One-Step ToT traces for `val`: a loss beside the accuracy, never trained on.

    So no states are avoided: some hands have no way around them.
    """
    from datasets import Dataset

    def row(index: int, puzzle: Puzzle) -> dict[str, str]:
        rng = Random(f"val:{config.row_seed}:{index}")
        prompt = build("onestep_tot", puzzle, shots=0)
        completion = _written(replace(config, avoid=None), puzzle, "onestep_tot", rng)
        return {"prompt": prompt.text, "completion": completion, "numbers": puzzle.text}

    return Dataset.from_list([row(i, puzzle) for i, puzzle in enumerate(load_split("val"))])


def describe(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What a student says of its data: how many rows, how many different ones, hash, every hand.

    The hash is over each row's prompt and completion as one line of JSON, in order.
    """
    digest, distinct, count = hashlib.sha256(), set(), 0
    hands: set[tuple[int, ...]] = set()
    for row in rows:
        count += 1
        line = json.dumps([row["prompt"], row["completion"]], ensure_ascii=False).encode()
        digest.update(line + b"\n")
        distinct.add(hashlib.sha256(line).digest())
        hands.update(Puzzle.parse(hand).hand for hand in hands_shown(row["prompt"]))
    shown = [" ".join(map(str, hand)) for hand in sorted(hands)]
    sha256 = digest.hexdigest()
    return {"rows": count, "distinct": len(distinct), "sha256": sha256, "hands": shown}


def hands_shown(prompt: str) -> list[str]:
    """Every hand that a prompt shows, the exemplars' and the one asked; no state of fewer numbers.

    >>> hands_shown("Use numbers ...\\nInput: 4 4 6 8\\nAnswer: ...\\nInput: 1 2 3 4\\n")
    ['4 4 6 8', '1 2 3 4']
    """
    asks = (line for line in prompt.splitlines() if line.startswith("Input: "))
    shown = [line.removeprefix("Input: ") for line in asks]
    return [hand for hand in shown if len(hand.split()) >= SMALLEST_HAND]


def teacher_of(config: RowConfig) -> str:
    """Who writes the traces, as submissions and cards name it."""
    if config.dataset is None:
        return SOLVER
    teachers = read_record(Path(config.dataset)).teachers
    return " and ".join(sorted({teacher.label for teacher in teachers if teacher.kept}))


def guard(config: RowConfig) -> None:
    """Refuse settings that no rows can be made of, and held-out hands in split or exemplars.

    Raises:
        LeakedHand: a hand is held out.
        BadDataset: the dataset's folder is not whole, or not ours.
        BadRows: no rows are asked for, or shares that are none.
        BadCurriculum: a judge, a place of fractions or states to avoid that there are not.
    """
    if config.dataset is not None:
        read_dataset(Path(config.dataset))
        return
    if config.rows < 1:
        raise BadRows(f"--rows {config.rows} leaves nothing to train on: give at least 1")
    for setting in fields(config):
        share = getattr(config, setting.name)
        if isinstance(setting.default, float) and not 0 <= share <= 1:  # all of them are shares
            raise BadRows(f"--{setting.name} {share} is no share: give one from 0 to 1")
    for names, what in (
        ([f"{method}_share" for method in ("io", "cot", *STEP_METHODS)], "rows"),
        (["wide_share", "rational_share"], "hands"),
    ):
        if sum(getattr(config, name) for name in names) > 1:
            told = " and ".join(f"--{name}" for name in names if getattr(config, name))
            raise BadRows(f"{told} together are more than all {what}: lower one")
    if config.marks not in MARKS:
        raise BadRows(f"no --marks {config.marks}: there is {', '.join(MARKS)}")
    if config.marks != "kept" and config.judge != "oracle":
        raise BadRows(f"--marks {config.marks} is for --judge oracle: a look-ahead has no marks")
    if config.hunch and config.judge != "look-ahead":
        raise BadRows(f"--hunch {config.hunch} is for --judge look-ahead: add it")
    if config.cot_notation == "look-ahead" and config.judge != "look-ahead":
        raise BadRows("--cot_notation look-ahead cuts look-aheads: add --judge look-ahead")
    if config.cot_notation == "look-ahead" and config.cot_put_together:
        raise BadRows("--cot_put_together and --cot_notation look-ahead are two ways: give one")
    if config.avoid and any(getattr(config, f"{method}_share") for method in STEP_METHODS):
        raise BadRows(
            f"--avoid goes with no rows of {', '.join(STEP_METHODS)}: they show any state"
        )
    if config.long_of < 1:
        raise BadRows(f"--long_of {config.long_of} leaves nothing to choose from: give at least 1")
    _curriculum(config)
    guard_parts(load_split(config.split), f"split {config.split!r}")
    if config.wide_share:
        guard_parts(_wide(config.wide_hands), "the hands beyond the deck")
    if config.rational_share:
        guard_parts(_rational(), "the hands that need a fraction")
    for variant in ("default", "search"):
        guard_parts([one.puzzle for one in pick(variant)], f"exemplar variant {variant!r}")


def make_row(config: RowConfig, index: int) -> dict[str, Any]:
    """Row `index`: prompt, completion, and what they were drawn as.

    Raises:
        LeakedHand: the hand asked or an exemplar's is held out, or the completion shows one.
        WrongTeacher: the response does not score as right.
    """
    rng = Random(f"{config.row_seed}:{index}")
    method = _draw_method(config, rng)
    if method in STEP_METHODS:
        row = _draw_step_row(config, method, rng)
    else:
        long = config.long_share and rng.random() < config.long_share
        drawn = (_draw_row(config, method, rng) for _ in range(config.long_of if long else 1))
        row = max(drawn, key=lambda one: len(one["completion"]))
        verdict = score(Puzzle.parse(row["numbers"]), row["completion"])
        if not verdict.correct:
            raise WrongTeacher(f"row {index}, hand {row['numbers']}: {verdict}")
    Guard().check(_shown_to_the_guard(row), f"row {index}")
    return row


def _rows(config: RowConfig, code: str) -> Iterator[dict[str, Any]]:
    """The rows; `code` is not used but is part of the cache's key."""
    return (make_row(config, index) for index in range(config.rows))


def _code_sha256() -> str:
    """Hash of the code that rows come from: rows cached by older code are not taken for these."""
    digest = hashlib.sha256()
    package = Path(tot24_bench.__file__).parent
    for path in [Path(__file__), *sorted(package.glob("**/*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _draw_method(config: RowConfig, rng: Random) -> str:
    place, reached = rng.random(), 0.0
    for method in ("io", "cot", *STEP_METHODS):
        reached += getattr(config, f"{method}_share")
        if place < reached:
            return method
    return "onestep_tot"


def _draw_step_row(config: RowConfig, method: str, rng: Random) -> dict[str, Any]:
    """One move of a search: the numbers left after none, one or two thoughts of a hand, or three.

    Every third state is one that can still win, where the hand has any. The row's `numbers` are the
    state's, or the hand's where a state has a fraction or a zero and is no puzzle.
    """
    while True:
        hand, many = _draw_puzzle(config, rng), method == "propose"
        depth = rng.choices(range(4), (7, 8, 5, 0) if many else (0, 13, 5, 2))[0]
        left: tuple[Number, ...] = hand.numbers
        for _ in range(depth):
            after = [one.left for one in plausible_thoughts(left, hand.target)]
            if rng.random() < 1 / 3:
                after = [one for one in after if can_reach(one, hand.target)] or after
            left = rng.choice(after).numbers
        if all(number.denominator < 100 and number < 1_000 for number in left):
            break
    if many:
        completion = "\n".join(_offered(left, hand.target))
    else:
        completion = "\n".join(judgement_lines(left, hand.target))
        completion = completion if method == "value" else completion.rpartition("\n")[2]
    prompt = build_step(method, hand, left, shots=0).text
    numbers = State(left).text if _is_puzzle(left) else hand.text
    drawn = {"prompt": prompt, "completion": completion, "method": method}
    return {**drawn, "shots": 0, "numbers": numbers}


def _offered(left: tuple[Number, ...], target: int) -> Iterator[str]:
    """The plausible thoughts; the numbers left keep their order, the new one last, as in searches.

    So that most of a line is copied.
    """
    for thought in plausible_thoughts(left, target):
        after = _left_in_order(left, thought)
        yield f"{thought.text} (left: {' '.join(map(str, after))})"


def _left_in_order(left: Sequence[Number], thought: Thought) -> list[Number]:
    rest = list(left)
    rest.remove(thought.a)
    rest.remove(thought.b)
    return [*rest, thought.value]


def _is_puzzle(left: tuple[Number, ...]) -> bool:
    return all(isinstance(number, int) and number > 0 for number in left)


def _shown_to_the_guard(row: dict[str, Any]) -> dict[str, Any]:
    """The row; without the completion of a state that is no puzzle.

    Its thoughts do not start from the numbers of the row, and with a fraction or a zero among three
    numbers at most they come to no hand.
    """
    is_asked = f"Input: {row['numbers']}\n" in row["prompt"]
    return row if is_asked else {**row, "completion": JUDGEMENT}


def _draw_row(config: RowConfig, method: str, rng: Random) -> dict[str, Any]:
    """Draw until there is a hand that can be taught."""
    while True:
        puzzle = _draw_puzzle(config, rng)
        shots = SHOTS if rng.random() < config.few_shot_share else 0
        variant = variant_of(method, "search" if rng.random() < 0.25 else "default")
        completion = _completion(config, puzzle, method, rng)
        if completion is not None:
            prompt = build(method, puzzle, shots=shots, variant=variant).text
            drawn = {"prompt": prompt, "completion": completion, "method": method}
            return {**drawn, "shots": shots, "numbers": puzzle.text}


def _draw_puzzle(config: RowConfig, rng: Random) -> Puzzle:
    """A hand beyond the deck or one of the split's, its numbers ascending or in any order."""
    beyond = config.wide_share + config.rational_share
    if not beyond or (place := rng.random()) >= beyond:
        hands = load_split(config.split)
    else:
        hands = _wide(config.wide_hands) if place < config.wide_share else _rational()
    numbers = list(rng.choice(hands).numbers)
    if rng.random() >= config.ascending_share:
        rng.shuffle(numbers)
    return Puzzle(tuple(numbers))


@cache
def _wide(size: int) -> tuple[Puzzle, ...]:
    """Hands beyond the deck that may be trained on: the same ones for everybody."""
    return draw("fresh", seed=0, size=size, part="train")


@cache
def _rational() -> tuple[Puzzle, ...]:
    """All hands that need a fraction and may be trained on."""
    return tuple(GENERATED["rational"].puzzles("train", 0))


def _completion(config: RowConfig, puzzle: Puzzle, method: str, rng: Random) -> str | None:
    """The teacher's response; None for a hand that cannot be taught as the config has it."""
    try:
        if method == "cot" and config.cot_put_together:
            return _any_path(puzzle, rng, kept=config.cot_left == "kept")
        cut = method == "cot" and config.cot_notation == "look-ahead"
        written = _written(config, puzzle, "onestep_tot" if cut else method, rng)
        if written.count("\n") <= config.max_lines:
            return _path_alone(written) if cut else written
        if config.judge != "oracle":
            return None
        return _written(replace(config, explore=0.0), puzzle, method, rng)
    except CannotTeach:
        return None


def _path_alone(search: str) -> str:
    """The look-ahead of a hand of four without its judgements and its dead ends.

    >>> look = "10 - 6 = 4 (left: 4 5 4)", "4 | 4 5: +9 -1 *20 !", "5 * 4 = 20 (left: 4 20)"
    >>> ends = "20 + 4 = 24 (left: 24)", "Path: (5 * 4) + 4 = 24", "Answer: (5 * 4) + (10 - 6) = 24"
    >>> lines = "Steps:", "a=4 b=5 c=6 d=10", f"d-c: {look[0]}", *look[1:], *ends
    >>> _path_alone("\\n".join(lines)) == "\\n".join(line for line in lines if "|" not in line)
    True
    """
    lines = [line for line in search.split("\n") if "|" not in line]
    return "\n".join((*lines[:2], *lines[-5:]))  # the letters; three thoughts, path and answer


def _any_path(puzzle: Puzzle, rng: Random, kept: bool) -> str:
    """A winning path of plausible thoughts, drawn thought by thought, and its answer.

    `kept`: the numbers left keep their order, as a search writes them; else they ascend.
    """
    path: list[Thought] = []
    lines: list[str] = []
    left: Sequence[Number] = puzzle.numbers
    while len(left) > 1:
        every = plausible_thoughts(tuple(left), puzzle.target)
        winning = [one for one in every if can_reach(one.left, puzzle.target)]
        if not winning:
            raise CannotTeach(f"{puzzle.text} is won by no plausible thoughts")
        path.append(rng.choice(winning))
        left = _left_in_order(left, path[-1]) if kept else path[-1].left.numbers
        lines.append(f"{path[-1].text} (left: {' '.join(map(str, left))})")
    return "\n".join(("Steps:", *lines, *put_together(path, puzzle.target)))


def _written(config: RowConfig, puzzle: Puzzle, method: str, rng: Random) -> str:
    text = write(puzzle, method, rng, _curriculum(config))
    return _with_marks_anywhere(text, rng) if config.marks == "random" else text


def _with_marks_anywhere(text: str, rng: Random) -> str:
    """As many marks as there are, on lines drawn from all that tell what is left."""
    lines = text.split("\n")
    thoughts = [i for i, line in enumerate(lines) if " (left: " in line]
    marked = sum(lines[i].endswith(DEAD_END) for i in thoughts)
    chosen = set(rng.sample(thoughts, marked))
    for i in thoughts:
        lines[i] = lines[i].removesuffix(DEAD_END) + (DEAD_END if i in chosen else "")
    return "\n".join(lines)


_cached_curriculum = cache(Curriculum)


def _curriculum(config: RowConfig) -> Curriculum:
    same = ("explore", "avoid", "judge", "fractions", "reorder", "informed", "hunch")
    mark = None if config.marks == "removed" else DEAD_END
    told = {name: getattr(config, name) for name in same}
    return _cached_curriculum(mark=mark, max_lines=None, **told)
