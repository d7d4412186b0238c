"""Training rows: the same for everyone, only from train, only right."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import permutations
from random import Random
from typing import Any

import pytest

from tot24_bench.game import (
    GENERATED,
    LeakedHand,
    Puzzle,
    State,
    held_out_states,
    load_split,
    part_of,
)
from tot24_bench.prompts import METHODS, STEP_METHODS, build, build_step, pick
from tot24_bench.scoring import Verdict, score
from tot24_bench.teachers import write
from training import rows as rows_module
from training.rows import (
    RowConfig,
    WrongTeacher,
    describe,
    guard,
    make_dataset,
    make_row,
    make_validation_rows,
)

CONFIG = RowConfig()
ROWS = 1500
TRAIN = {puzzle.hand for puzzle in load_split("train")}


@cache
def sampled_rows() -> tuple[dict[str, Any], ...]:
    return tuple(make_row(CONFIG, index) for index in range(ROWS))


def asked(row: dict[str, Any]) -> Puzzle:
    return Puzzle.parse(row["numbers"])


# What rows hold.


def test_every_completion_is_right() -> None:
    for row in sampled_rows():
        result = score(asked(row), row["completion"])
        assert result.verdict is Verdict.CORRECT and not result.false_rhs, row


def test_every_hand_asked_and_shown_is_a_training_hand_or_4_4_6_8() -> None:
    for row in sampled_rows():
        *shown, last = [line[7:] for line in row["prompt"].split("\n") if line[:7] == "Input: "]
        assert last == row["numbers"]
        assert asked(row).hand in TRAIN
        hands = {Puzzle.parse(text).hand for text in shown}
        assert hands <= TRAIN | {(4, 4, 6, 8)}
        assert asked(row).hand not in hands


def test_every_prompt_is_one_that_the_tasks_send() -> None:
    for row in sampled_rows()[:500]:
        prompts = {
            build(row["method"], asked(row), shots=row["shots"], variant=variant).text
            for variant in ("default", "search")
        }
        assert row["prompt"] in prompts


def test_methods_shots_and_orders_come_in_their_shares() -> None:
    methods = Counter(row["method"] for row in sampled_rows())
    assert set(methods) == set(METHODS)
    assert abs(methods["io"] / ROWS - CONFIG.io_share) < 0.03
    assert abs(methods["cot"] / ROWS - CONFIG.cot_share) < 0.035
    shots = Counter(row["shots"] for row in sampled_rows())
    assert set(shots) == {0, 5}
    assert abs(shots[5] / ROWS - CONFIG.few_shot_share) < 0.025
    distinct = [row for row in sampled_rows() if len(set(asked(row).numbers)) == 4]
    ascending = sum(asked(row).numbers == asked(row).hand for row in distinct)
    by_chance = (1 - CONFIG.ascending_share) / 24
    assert abs(ascending / len(distinct) - CONFIG.ascending_share - by_chance) < 0.06


def test_some_few_shot_prompts_show_a_search() -> None:
    few_shot = [r for r in sampled_rows() if r["shots"] and r["method"] == "onestep_tot"]
    searching = sum("dead end" in row["prompt"] for row in few_shot)
    assert 0 < searching < len(few_shot) / 2


def test_the_rows_visit_most_training_hands() -> None:
    """1,500 draws of 800 leave about 1 in 6.5 out."""
    assert len({asked(row).hand for row in sampled_rows()}) > 600


# Determinism.


def test_a_row_is_the_same_whenever_it_is_made() -> None:
    for index in (0, 1, 7, 1499):
        assert make_row(CONFIG, index) == sampled_rows()[index]


def test_a_row_does_not_depend_on_how_many_rows_are_asked_for() -> None:
    for rows in (1, 10, 10**9):
        assert make_row(replace(CONFIG, rows=rows), 5) == sampled_rows()[5]


def test_another_seed_makes_other_rows() -> None:
    other = [make_row(replace(CONFIG, row_seed=1), index) for index in range(20)]
    assert sum(a == b for a, b in zip(other, sampled_rows(), strict=False)) < 5


def test_this_seed_makes_this_row_in_every_version() -> None:
    """Where this changes, an interrupted training run goes on with other rows."""
    assert sampled_rows()[0]["numbers"] == FIRST_NUMBERS
    assert sampled_rows()[0]["completion"].split("\n")[-1] == FIRST_ANSWER


FIRST_NUMBERS = "11 13 5 4"
FIRST_ANSWER = "Answer: (13 + 11) * (5 - 4) = 24"


def test_shares_of_one_and_none_are_kept_exactly() -> None:
    io = RowConfig(io_share=1.0, cot_share=0.0, few_shot_share=1.0, ascending_share=1.0)
    for index in range(30):
        row = make_row(io, index)
        assert (row["method"], row["shots"]) == ("io", 5)
        assert asked(row).numbers == asked(row).hand
    search = RowConfig(io_share=0.0, cot_share=0.0, few_shot_share=0.0, explore=0.0)
    for index in range(30):
        row = make_row(search, index)
        assert (row["method"], row["shots"]) == ("onestep_tot", 0)
        assert "Back to" not in row["completion"]


# What the teacher's search looks like.


SEARCH = RowConfig(io_share=0.0, cot_share=0.0, few_shot_share=0.0)


def marked(text: str) -> list[bool]:
    return [line.endswith(": dead end") for line in text.split("\n") if "(left: " in line]


def test_removed_marks_leave_the_search_as_it_is() -> None:
    for index in range(100):
        with_marks = make_row(SEARCH, index)["completion"]
        without = make_row(replace(SEARCH, marks="removed"), index)["completion"]
        assert with_marks.replace(": dead end", "") == without


def test_random_marks_are_as_many_and_say_nothing() -> None:
    moved = agreeing = 0
    for index in range(300):
        true = make_row(SEARCH, index)
        drawn = make_row(replace(SEARCH, marks="random"), index)
        texts = [row["completion"].replace(": dead end", "") for row in (true, drawn)]
        assert texts[0] == texts[1]
        was, now = marked(true["completion"]), marked(drawn["completion"])
        assert sum(was) == sum(now)
        moved += was != now
        agreeing += sum(a and b for a, b in zip(was, now, strict=True))
    assert moved > 150


def test_a_written_look_ahead_has_no_marks_and_no_long_search() -> None:
    config = replace(SEARCH, judge="look-ahead", max_lines=60)
    for index in range(100):
        text = make_row(config, index)["completion"]
        assert "dead end" not in text and " | " in text and text.count("\n") <= 60


def test_wide_rows_ask_hands_beyond_the_deck_of_the_train_part() -> None:
    config = replace(SEARCH, wide_share=0.5, wide_hands=500)
    rows = [make_row(config, index) for index in range(400)]
    wide = [asked(row) for row in rows if max(asked(row).numbers) > 13]
    assert 150 < len(wide) < 250
    assert {part_of(puzzle.hand) for puzzle in map(asked, rows)} == {"train"}
    guard(config)


def test_rows_that_need_a_fraction_come_in_their_share_beside_wide_ones() -> None:
    config = replace(SEARCH, wide_share=0.25, rational_share=0.25, wide_hands=500)
    rational = {puzzle.hand for puzzle in GENERATED["rational"].puzzles("train", 0)}
    asked_for = [asked(make_row(config, index)) for index in range(200)]
    needing = [puzzle for puzzle in asked_for if puzzle.hand in rational]
    beyond = [puzzle for puzzle in asked_for if max(puzzle.numbers) > 13]
    assert 30 < len(needing) < 70 and len(needing) + 30 < len(beyond) < 130
    assert {part_of(puzzle.hand) for puzzle in asked_for} == {"train"}
    guard(config)


def test_long_rows_are_the_longest_of_several() -> None:
    plain = replace(SEARCH, judge="look-ahead", max_lines=150)
    long = replace(plain, long_share=1.0, long_of=8)
    lengths = [
        sum(len(make_row(config, index)["completion"]) for index in range(60))
        for config in (plain, long, replace(long, long_share=0.0))
    ]
    assert lengths[1] > 1.5 * lengths[0] and lengths[2] == lengths[0]


def test_reordered_rows_come_in_their_share() -> None:
    config = replace(SEARCH, judge="look-ahead", max_lines=150, reorder=0.3)
    firsts = [FIRST.search(make_row(config, index)["completion"]) for index in range(400)]
    operations = Counter(first[1] for first in firsts if first)
    assert operations["-"] > 0.6 * 400
    assert min(operations["+"], operations["*"]) > 0.06 * 400


def test_informed_rows_are_shorter() -> None:
    usual = replace(SEARCH, judge="look-ahead", max_lines=150)
    lengths = [
        sum(len(make_row(config, index)["completion"]) for index in range(100))
        for config in (replace(usual, informed=1.0), usual)
    ]
    assert lengths[0] < 0.8 * lengths[1]


FIRST = re.compile(r"\n[a-d]([-+*/])[a-d]: ")


def test_avoided_states_are_in_no_row() -> None:
    config = replace(SEARCH, avoid="state_holdout")
    for index in range(200):
        shown = STATE.findall(make_row(config, index)["completion"])
        states = {State(tuple(map(int, text.split()))) for text in shown}
        assert not states & held_out_states()


def test_rows_of_the_loss_on_val_avoid_nothing() -> None:
    config = RowConfig(avoid="state_holdout", io_share=0, cot_share=0)
    assert len(make_validation_rows(config)) == 100


def test_rows_say_how_many_of_them_are_different() -> None:
    rows = [make_row(SEARCH, index) for index in range(20)]
    said = describe([*rows, *rows, {**rows[0], "completion": "another"}])
    assert (said["rows"], said["distinct"]) == (41, 21)
    assert describe(rows)["sha256"] != said["sha256"]


STATE = re.compile(r"\(left: (\d+ \d+ \d+)\)")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"marks": "gone"}, "no --marks gone: there is kept, removed, random"),
        ({"marks": "random", "judge": "look-ahead"}, "a look-ahead has no marks"),
        ({"judge": "model"}, "no judge 'model'"),
        ({"fractions": "never"}, "no fractions 'never': there is last, early"),
        ({"avoid": "hands"}, "no avoid 'hands'"),
        ({"wide_share": 1.5}, "--wide_share 1.5 is no share"),
        ({"rational_share": -1}, "--rational_share -1 is no share"),
        ({"wide_share": 0.6, "rational_share": 0.6}, "together are more than all hands"),
        ({"value_share": -0.1}, "--value_share -0.1 is no share"),
        (
            {"propose_share": 0.5, "value_share": 0.3, "value_at_once_share": 0.1},
            "--propose_share and --value_share and --value_at_once_share together are more",
        ),
        (
            {"avoid": "state_holdout", "propose_share": 0.1},
            "--avoid goes with no rows of propose, value, value_at_once",
        ),
        ({"cot_notation": "look-ahead"}, "cuts look-aheads: add --judge look-ahead"),
        (
            {"cot_notation": "look-ahead", "judge": "look-ahead", "cot_put_together": True},
            "are two ways: give one",
        ),
        ({"reorder": -0.1}, "--reorder -0.1 is no share"),
        ({"informed": 1.1}, "--informed 1.1 is no share"),
        ({"long_share": 2}, "--long_share 2 is no share"),
        ({"long_of": 0}, "--long_of 0 leaves nothing"),
    ],
)
def test_what_there_is_not_is_named(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        guard(replace(CONFIG, **changes))


# Moves of a search around the student.

MOVES = RowConfig(
    judge="look-ahead",
    max_lines=150,
    io_share=0.05,
    cot_share=0.05,
    propose_share=0.4,
    value_share=0.3,
    value_at_once_share=0.2,
    few_shot_share=0.0,
    wide_share=0.25,
    rational_share=0.1,
)


@cache
def moves() -> tuple[dict[str, Any], ...]:
    """Rows that all passed the guard as they were made."""
    return tuple(make_row(MOVES, index) for index in range(1_200))


def left_in(row: dict[str, Any]) -> list[Fraction]:
    """The numbers left that a row asks about."""
    (told,) = [line[7:] for line in row["prompt"].split("\n") if line[:7] == "Input: "]
    return sorted(map(Fraction, told.split()))


def can_make(numbers: list[Fraction]) -> bool:
    """Whether all of some numbers make 24, by brute force."""
    if len(numbers) == 1:
        return numbers[0] == 24
    for one, other in permutations(range(len(numbers)), 2):
        x, y = numbers[one], numbers[other]
        rest = [number for i, number in enumerate(numbers) if i not in (one, other)]
        if any(
            can_make([*rest, value]) for value in (x + y, x - y, x * y, *([x / y] if y else []))
        ):
            return True
    return False


def test_moves_come_in_their_shares() -> None:
    found = Counter(row["method"] for row in moves())
    for method in ("io", "cot", *STEP_METHODS):
        assert abs(found[method] / len(moves()) - getattr(MOVES, f"{method}_share")) < 0.03
    assert found["onestep_tot"] == 0
    sizes = Counter(len(left_in(row)) for row in moves() if row["method"] in STEP_METHODS)
    assert sorted(sizes) == [1, 2, 3, 4] and min(sizes.values()) > 10


def test_a_move_s_prompt_is_the_one_that_a_search_sends() -> None:
    for row in moves():
        if row["method"] in STEP_METHODS:
            (told,) = [line[7:] for line in row["prompt"].split("\n") if line[:7] == "Input: "]
            left = tuple(map(Fraction, told.split()))
            sent = build_step(row["method"], asked(row), left, shots=0)
            assert (row["prompt"], row["shots"]) == (sent.text, 0)


def test_every_judgement_is_the_truth() -> None:
    judged: Counter[str] = Counter()
    for row in moves():
        if row["method"].startswith("value"):
            lines = row["completion"].split("\n")
            word = "sure" if can_make(left_in(row)) else "impossible"
            assert lines[-1] == f"Judgement: {word}", row
            assert len(lines) == 1 or row["method"] == "value"
            judged[word] += 1
    assert min(judged.values()) > 100


THOUGHT = re.compile(r"(\S+) ([-+*/]) (\S+) = ([\d/]+) \(left: ([\d/ ]+)\)")


def test_every_proposal_is_a_valid_thought_of_what_is_left_and_none_comes_twice() -> None:
    ways = 0
    for row in moves():
        if row["method"] != "propose":
            continue
        lines = row["completion"].split("\n")
        assert len(set(lines)) == len(lines)
        afters = []
        for line in lines:
            thought = THOUGHT.fullmatch(line)
            assert thought, line
            a, b = (Fraction(thought[i].strip("()")) for i in (1, 3))
            rest = left_in(row)
            rest.remove(a)
            rest.remove(b)
            op, value = thought[2], Fraction(thought[4])
            assert value == {"+": a + b, "-": a - b, "*": a * b, "/": b and a / b}[op]
            after = list(map(Fraction, thought[5].split()))
            assert sorted(after) == sorted([*rest, value])
            assert after[-1] == value  # the new one stands last
            afters.append(sorted(after))
        if len(left_in(row)) < 4 and can_make(left_in(row)):
            ways += any(map(can_make, afters))
    assert ways > 50


def test_states_with_fractions_and_zeros_are_among_them() -> None:
    states = [left_in(row) for row in moves() if row["method"] in STEP_METHODS]
    assert any(number.denominator > 1 for state in states for number in state)
    assert any(number == 0 for state in states for number in state)


def test_no_move_shows_a_test_hand() -> None:
    for row in moves():
        for text in (row["prompt"], row["completion"]):
            for numbers in re.findall(r"(?:Input: |left: )([\d/ ]+)", text):
                if len(numbers.split()) >= 4:
                    assert part_of(Puzzle.parse(numbers).hand) == "train"


def test_the_hands_of_moves_are_told_and_their_states_are_not() -> None:
    said = describe(moves())
    assert (said["rows"], {len(hand.split()) for hand in said["hands"]}) == (len(moves()), {4})
    assert all(part_of(Puzzle.parse(hand).hand) == "train" for hand in said["hands"])


def test_a_wrong_move_that_shows_a_test_hand_stops_the_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leaking = ["So 5 * (10 - 6) + 4 makes 24", "Judgement: sure"]
    monkeypatch.setattr(rows_module, "judgement_lines", lambda *_: leaking)
    config = RowConfig(io_share=0, cot_share=0, value_share=1.0)
    with pytest.raises(LeakedHand, match="shows a held-out hand of a test part: 4 5 6 10"):
        for index in range(5):
            make_row(config, index)


# The guard.


@pytest.mark.parametrize("split", ["val", "hard100", "hardest", "full"])
def test_a_held_out_split_is_never_made_into_rows(
    split: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_module, "make_row", lambda *_: pytest.fail("a row was made"))
    with pytest.raises(LeakedHand, match=f"split '{split}'"):
        make_dataset(RowConfig(rows=1, split=split))


def test_a_leaking_training_split_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    leaking = (*load_split("train"), Puzzle.parse("10 6 5 4"))
    monkeypatch.setattr(rows_module, "load_split", lambda name: leaking)
    with pytest.raises(LeakedHand, match=r"4 5 6 10 \(hard100\)"):
        guard(CONFIG)


def test_a_leaking_exemplar_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "pick", lambda variant: pick("published"))
    with pytest.raises(LeakedHand, match="4 9 10 13"):
        guard(CONFIG)


def test_the_default_config_passes_the_guard() -> None:
    guard(CONFIG)


def test_a_teacher_that_is_wrong_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "write", lambda *_: "Answer: 4 * 6 = 24")
    with pytest.raises(WrongTeacher, match="row 3, hand"):
        make_row(CONFIG, 3)


def test_an_exemplar_that_is_held_out_stops_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard reads the prompt that is trained on, so that a spare cannot slip past it."""
    from tot24_bench.prompts import exemplars

    leaked = exemplars._SPARE._replace(puzzle=Puzzle.parse("10 6 5 4"))
    monkeypatch.setattr(exemplars, "_DEFAULT", (leaked, *exemplars._DEFAULT[1:]))
    config = RowConfig(few_shot_share=1.0, io_share=1.0, cot_share=0.0)
    with pytest.raises(LeakedHand, match="4 5 6 10"):
        make_row(config, 0)


def test_a_completion_that_solves_a_test_hand_stops_the_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def leaking(puzzle: Puzzle, *_: Any) -> str:
        return f"Five times (ten minus six) plus four.\n{write(puzzle, 'io', Random(0))}"

    monkeypatch.setattr(rows_module, "write", leaking)
    with pytest.raises(LeakedHand, match="row 3 shows a held-out hand of a test part: 4 5 6 10"):
        make_row(CONFIG, 3)


def test_cot_rows_may_take_any_path_and_put_the_answer_together() -> None:
    told = {"cot_share": 1.0, "io_share": 0.0, "cot_put_together": True, "few_shot_share": 0.0}
    for left in ("ascending", "kept"):
        rows = [make_row(RowConfig(**told, cot_left=left), i) for i in range(60)]
        kept = 0
        for row in rows:
            lines = row["completion"].split("\n")
            assert [line.partition(":")[0] for line in lines[4:]] == ["Path", "Answer"]
            first = list(map(Fraction, lines[1].partition("left: ")[2].rstrip(")").split()))
            kept += first != sorted(first)
        assert bool(kept) is (left == "kept")


def test_cot_in_the_look_aheads_notation_is_its_search_without_what_is_not_the_path() -> None:
    search = replace(SEARCH, judge="look-ahead", max_lines=150, reorder=0.3, wide_share=0.3)
    alone = replace(search, cot_share=1.0, cot_notation="look-ahead")
    shorter = 0
    for index in range(60):
        whole, row = make_row(search, index), make_row(alone, index)
        assert (row["method"], row["numbers"]) == ("cot", whole["numbers"])
        assert row["prompt"] == build("cot", asked(row), shots=0).text
        there, lines = (one["completion"].split("\n") for one in (whole, row))
        assert lines == [*there[:2], *(line for line in there[2:] if line in lines)]
        kinds = [PATH.index(next(kind for kind in PATH if kind.match(line))) for line in lines]
        assert kinds == [0, 1, 2, 3, 3, 4, 5], row["completion"]
        shorter += sum(bool(PATH[2].match(line)) for line in there) > 1
    assert shorter > 10  # searches that had dead ends to leave out


PATH = [
    *map(re.compile, ("Steps:$", r"a=\d+ b=\d+ c=\d+ d=\d+$", r"[a-d][-+*/][a-d]: .*\(left: ")),
    *map(re.compile, (r"[^|]+ = \S+ \(left: ", r"Path: .* = 24$", r"Answer: .* = 24$")),
]
"""The kinds of lines of a path in the look-ahead's notation; a judgement is none of them."""
