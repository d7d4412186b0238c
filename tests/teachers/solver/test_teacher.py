"""The solver teacher: right answers, true marks, and a search that replays line by line."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.game import Number, Puzzle, State, can_reach, load_split
from tot24_bench.prompts import ALL_METHODS, METHODS, build, build_any
from tot24_bench.scoring import Verdict, score, score_method
from tot24_bench.teachers import (
    EXPLORE,
    CannotTeach,
    Curriculum,
    Failure,
    Reply,
    Request,
    SolverSettings,
    SolverTeacher,
    TeacherInfo,
    write_response,
)
from tot24_bench.teachers.solver.search import BACK_TO, PATH
from tot24_bench.teachers.solver.teacher import NO_SOLUTION
from tot24_bench.teachers.solver.truth import plausible_thoughts
from tot24_bench.teachers.teacher import TeacherUnavailable

NUMBER = r"\d+|\(\d+/\d+\)"
LINE = re.compile(
    rf"({NUMBER}) ([-+*/]) ({NUMBER}) = (\d+(?:/\d+)?)"
    r" \(left: (\d+(?:/\d+)?(?: \d+(?:/\d+)?)*)\)(: dead end)?"
)


def dealt(split: str) -> st.SearchStrategy[Puzzle]:
    """A hand of the split with its numbers in any order."""
    return st.sampled_from(load_split(split)).flatmap(
        lambda puzzle: st.permutations(puzzle.numbers).map(lambda deal: Puzzle(tuple(deal)))
    )


DEALT = st.one_of(*map(dealt, ("train", "val", "hard100", "hardest")))


def exact(text: str) -> Number:
    value = Fraction(text.strip("()"))
    return value.numerator if value.denominator == 1 else value


def as_state(numbers: list[Number]) -> State:
    return State(tuple(sorted(numbers)))


def replay(puzzle: Puzzle, lines: list[str]) -> Counter[str]:
    """Check every line of a search against the numbers at hand; counts what kinds there were.

    A thought marked as a dead end stays where it was. Any other goes on to what it leaves, and
    comes back only by a line `Back to`, after every plausible thought below it was marked.
    """
    target = puzzle.target
    path: list[list[Number]] = [list(puzzle.numbers)]
    marked = [0]
    seen: Counter[str] = Counter()
    for line in lines:
        numbers = path[-1]
        alive = can_reach(as_state(numbers), target)
        if line.startswith(BACK_TO):
            assert not alive, f"{line}: {numbers} was given up but can be won"
            assert marked[-1] == len(plausible_thoughts(tuple(numbers), target)), (
                f"{line}: not everything below {numbers} was tried"
            )
            path.pop(), marked.pop()
            assert line == BACK_TO + " ".join(map(str, path[-1]))
            marked[-1] += 1
            seen["back"] += 1
            continue
        read = LINE.fullmatch(line)
        assert read, f"not a thought: {line!r}"
        a, operator, b, value = exact(read[1]), read[2], exact(read[3]), exact(read[4])
        rest = list(numbers)
        rest.remove(a)
        rest.remove(b)
        x, y = Fraction(a), Fraction(b)
        assert value == {"+": x + y, "-": x - y, "*": x * y, "/": y and x / y}[operator], line
        left = [exact(number) for number in read[5].split()]
        assert left == sorted([*rest, value]), f"{line}: leaves {sorted([*rest, value])}"
        dead = not can_reach(as_state(left), target)
        if read[6]:
            assert dead, f"{line}: can still be won"
            marked[-1] += 1
            seen["marked"] += 1
        else:
            seen["followed dead" if dead else "kept"] += 1
            path.append(left)
            marked.append(0)
    ends_on = path[-1]
    if can_reach(as_state(list(puzzle.numbers)), target):
        assert ends_on == [target], f"the search stops at {ends_on}"
        assert all(can_reach(as_state(numbers), target) for numbers in path)
    else:
        assert ends_on == list(puzzle.numbers), "an unsolvable search ends where it began"
        assert marked[-1] == len(plausible_thoughts(tuple(ends_on), target))
    return seen


def search_lines(response: str) -> list[str]:
    """The thoughts, without the winning path's repetition before the answer."""
    lines = response.split("\n")
    assert lines[0] == "Steps:" and lines[-1].startswith("Answer: ")
    return lines[1 : lines.index(PATH) if PATH in lines else -1]


def path_lines(response: str) -> list[str]:
    """What stands under `Path:`."""
    lines = response.split("\n")
    return lines[lines.index(PATH) + 1 : -1]


# Right answers and true searches.


@settings(deadline=None, max_examples=150)
@given(DEALT, st.sampled_from(METHODS), st.integers(), st.sampled_from([0.0, EXPLORE, 1.0]))
def test_every_response_is_right(puzzle: Puzzle, method: str, seed: int, explore: float) -> None:
    result = score(puzzle, write_response(puzzle, method, Random(seed), explore))
    assert result.verdict is Verdict.CORRECT and not result.false_rhs, result


@settings(deadline=None, max_examples=150)
@given(DEALT, st.integers(), st.floats(0, 1))
def test_every_line_of_a_search_is_true(puzzle: Puzzle, seed: int, explore: float) -> None:
    replay(puzzle, search_lines(write_response(puzzle, "onestep_tot", Random(seed), explore)))


@settings(deadline=None, max_examples=50)
@given(DEALT, st.integers())
def test_cot_is_a_path_of_three_thoughts_without_a_dead_end(puzzle: Puzzle, seed: int) -> None:
    response = write_response(puzzle, "cot", Random(seed))
    assert replay(puzzle, search_lines(response)) == {"kept": 3}


@settings(deadline=None, max_examples=50)
@given(DEALT, st.integers())
def test_io_and_cot_are_what_the_search_comes_to(puzzle: Puzzle, seed: int) -> None:
    io, cot, search = (write_response(puzzle, method, Random(seed)) for method in METHODS)
    assert "\n" not in io and cot.split("\n")[-1] == search.split("\n")[-1] == io
    kept = [line for line in search_lines(search) if not line.endswith("dead end")]
    assert search_lines(cot) == kept[-3:]
    assert path_lines(search) == [line[: line.index(" (left")] for line in kept[-3:]]
    assert PATH not in cot


def test_every_solvable_hand_is_solved_with_the_plausible_thoughts_alone() -> None:
    for puzzle in load_split("full"):
        response = write_response(puzzle, "onestep_tot", Random(0), explore=0)
        assert score(puzzle, response).verdict is Verdict.CORRECT, puzzle.text
        replay(puzzle, search_lines(response))


# Determinism and `explore`.


@settings(deadline=None, max_examples=50)
@given(DEALT, st.sampled_from(METHODS), st.integers())
def test_the_same_seed_writes_the_same_text(puzzle: Puzzle, method: str, seed: int) -> None:
    first, second = (write_response(puzzle, method, Random(seed)) for _ in range(2))
    assert first == second


def test_seeds_make_different_searches() -> None:
    puzzle = Puzzle.parse("4 5 6 10")
    assert len({write_response(puzzle, "onestep_tot", Random(seed)) for seed in range(50)}) > 1


def test_the_order_of_the_numbers_makes_different_searches() -> None:
    deals = ("4 5 6 10", "10 6 5 4", "6 4 10 5")
    responses = {write_response(Puzzle.parse(deal), "onestep_tot", Random(0), 0) for deal in deals}
    assert len(responses) == len(deals)


@settings(deadline=None, max_examples=50)
@given(DEALT, st.integers())
def test_without_exploring_every_dead_end_is_marked_at_sight(puzzle: Puzzle, seed: int) -> None:
    response = write_response(puzzle, "onestep_tot", Random(seed), explore=0)
    seen = replay(puzzle, search_lines(response))
    assert seen["followed dead"] == seen["back"] == 0 and seen["kept"] == 3
    assert response == write_response(puzzle, "onestep_tot", Random(seed + 1), explore=0)


@settings(deadline=None, max_examples=50)
@given(DEALT, st.integers())
def test_exploring_all_follows_every_dead_state_of_three_numbers(puzzle: Puzzle, seed: int) -> None:
    """Two numbers are judged at sight: a dead pair is always marked, never followed."""
    lines = search_lines(write_response(puzzle, "onestep_tot", Random(seed), explore=1))
    seen = replay(puzzle, lines)
    assert seen["followed dead"] == seen["back"]
    left = [line.split("left: ")[1].split(")")[0].split() for line in lines if "dead end" in line]
    assert all(len(numbers) == 2 for numbers in left)


def test_about_a_quarter_of_the_dead_ends_are_followed_by_default() -> None:
    followed = marked = 0
    for puzzle in (*load_split("hard100"), *load_split("hardest")):
        lines = search_lines(write_response(puzzle, "onestep_tot", Random(puzzle.text)))
        followed += sum(line.startswith(BACK_TO) for line in lines)
        marked += sum(
            line.endswith("dead end") and len(line.split("left: ")[1].split(")")[0].split()) == 3
            for line in lines
        )
    assert followed + marked > 500
    assert abs(followed / (followed + marked) - EXPLORE) < 0.05


# Unsolvable puzzles, other puzzles, bad input.


@settings(deadline=None, max_examples=30)
@given(dealt("unsolvable"), st.sampled_from(METHODS), st.integers())
def test_an_unsolvable_hand_is_answered_no_solution(puzzle: Puzzle, method: str, seed: int) -> None:
    response = write_response(puzzle, method, Random(seed))
    assert response.split("\n")[-1] == NO_SOLUTION
    result = score(puzzle, response)
    assert result.verdict is Verdict.NO_SOLUTION and result.correct
    if method == "onestep_tot":
        replay(puzzle, search_lines(response))
    else:
        assert response in (NO_SOLUTION, f"Steps:\n{NO_SOLUTION}")


@pytest.mark.parametrize(
    ("hand", "target"), [("24", 24), ("4 6", 24), ("3 8 1", 24), ("1 2 3", 7), ("2 3 4 5 6", 24)]
)
@pytest.mark.parametrize("method", METHODS)
def test_other_sizes_and_targets_work_too(hand: str, target: int, method: str) -> None:
    puzzle = Puzzle.parse(hand, target)
    for explore in (0, 0.5):
        response = write_response(puzzle, method, Random(1), explore)
        assert score(puzzle, response).verdict is Verdict.CORRECT, response
        if method != "io":
            replay(puzzle, search_lines(response))


@pytest.mark.parametrize(("hand", "target"), [("7 100 676", 24), ("5 30 149", 1)])
@pytest.mark.parametrize("method", METHODS)
def test_a_solution_by_a_larger_product_is_found_too(hand: str, target: int, method: str) -> None:
    puzzle = Puzzle.parse(hand, target)
    assert score(puzzle, write_response(puzzle, method, Random(0))).verdict is Verdict.CORRECT


def test_a_negative_target_is_refused() -> None:
    with pytest.raises(CannotTeach, match="0 or more"):
        write_response(Puzzle.parse("3 5", -2), "cot", Random(0))


def test_seven_numbers_are_refused() -> None:
    with pytest.raises(CannotTeach, match="up to 6 numbers, not 7"):
        write_response(Puzzle((1, 2, 3, 4, 5, 6, 7)), "io", Random(0))


@pytest.mark.parametrize("method", ["", "IO", "tot", "proposal", "onestep"])
def test_an_unknown_method_is_refused(method: str) -> None:
    with pytest.raises(ValueError, match="no response for method"):
        write_response(Puzzle.parse("4 4 6 8"), method, Random(0))


# The shipped students' data.


def pinned() -> Iterator[str]:
    """500 responses of the teacher that the shipped students learned from."""
    splits = ("train", "val", "hard100", "hardest", "unsolvable")
    for i in range(500):
        rng = Random(f"pin:{i}")
        numbers = list(rng.choice(load_split(splits[i % 5])).numbers)
        rng.shuffle(numbers)
        method = ("onestep_tot", "cot", "io", "onestep_tot")[i % 4]
        explore = (0.2, 0.0, 0.5, 1.0, 0.2)[i // 4 % 5]
        yield write_response(Puzzle(tuple(numbers)), method, rng, explore)


def test_what_the_shipped_students_learned_from_is_still_written_byte_for_byte() -> None:
    digest = hashlib.sha256()
    for response in pinned():
        digest.update(response.encode() + b"\0")
    assert digest.hexdigest() == "222d88d9a484ec1565852e88d936d2bcfdf69980e3ef0f991c73f3117ddd7595"


# The teacher: requests in, replies out.


def requests(method: str, hands: Iterable[str], samples: int = 2) -> Iterator[Request]:
    for hand in hands:
        prompt = build_any(method, Puzzle.parse(hand), shots=1)
        yield from (Request(prompt, sample) for sample in range(samples))


def texts(teacher: SolverTeacher, asked: Iterable[Request]) -> dict[tuple[str, int], str]:
    replies = list(teacher.ask(asked))
    assert all(isinstance(reply, Reply) for reply in replies)
    return {
        (reply.request.puzzle.text, reply.request.sample): reply.text
        for reply in replies
        if isinstance(reply, Reply)
    }


HANDS = ("3 3 8 8", "1 5 5 5", "4 5 6 10", "1 1 1 1")


@pytest.mark.parametrize("method", ALL_METHODS)
def test_the_teacher_answers_every_method_rightly(method: str) -> None:
    for reply in SolverTeacher().ask(requests(method, HANDS)):
        assert isinstance(reply, Reply)
        assert score_method(method, reply.request.puzzle, reply.text).correct
        assert reply.usage.cost == 0 and reply.usage.seconds is not None


def test_a_response_depends_on_the_seed_and_the_sample_but_not_on_what_else_is_asked() -> None:
    teacher = SolverTeacher(Curriculum(plausible="random"), seed=1)
    forwards = texts(teacher, requests("onestep_tot", HANDS))
    assert forwards == texts(teacher, reversed(list(requests("onestep_tot", HANDS))))
    assert forwards["3 3 8 8", 0] != forwards["3 3 8 8", 1]
    other = texts(SolverTeacher(teacher.curriculum, seed=2), requests("onestep_tot", HANDS))
    assert forwards != other


def test_requests_are_taken_one_at_a_time() -> None:
    taken = []

    def watched() -> Iterator[Request]:
        for request in requests("io", HANDS):
            taken.append(request)
            yield request

    answers = SolverTeacher().ask(watched())
    assert not taken
    next(answers)
    assert len(taken) == 1
    answers.close()


def test_the_info_says_that_it_is_an_oracle_and_how_it_was_turned() -> None:
    info = SolverTeacher(Curriculum(plausible="random", avoid="state_holdout"), seed=7).info
    assert (info.kind, info.model, info.oracle) == ("solver", "exact search", True)
    assert info.settings["plausible"] == "random" and info.settings["seed"] == 7
    assert info.settings["avoid"] == "state_holdout"
    assert TeacherInfo.from_json(info.to_json()) == info
    settings = SolverSettings(plausible="random", avoid="state_holdout", seed=7)
    assert SolverTeacher(settings).info == info


def test_a_hand_that_cannot_be_taught_is_a_failure_for_good_and_the_others_are_answered() -> None:
    prompts = [
        build("onestep_tot", Puzzle.parse("3 5", -2), shots=0),
        build("onestep_tot", Puzzle.parse("3 3 8 8"), shots=0),
    ]
    failure, reply = SolverTeacher().ask(Request(prompt, 0) for prompt in prompts)
    assert isinstance(failure, Failure) and not failure.again
    assert failure.kind == "cannot be taught" and "0 or more" in failure.reason
    assert isinstance(reply, Reply)


def test_a_method_that_it_does_not_write_is_said_at_once() -> None:
    prompt = replace(build("io", Puzzle.parse("3 3 8 8"), shots=0), method="beam")
    with pytest.raises(TeacherUnavailable, match="does not write 'beam': ask for io"):
        next(SolverTeacher().ask([Request(prompt, 0)]))


# Plausible thoughts.


def test_plausible_thoughts_repeat_nothing() -> None:
    texts = [thought.text for thought in plausible_thoughts((1, 5, 5, 0), 24)]
    assert len(set(texts)) == len(texts)
    assert not any(re.search(r" / 1 =| - 0 =| / 0 =", text) for text in texts)


def test_plausible_thoughts_start_from_the_last_pair_and_put_fractions_last() -> None:
    assert [thought.text for thought in plausible_thoughts((8, 3), 24)] == [
        "8 + 3 = 11",
        "8 - 3 = 5",
        "8 * 3 = 24",
        "8 / 3 = 8/3",
        "3 / 8 = 3/8",
    ]
    assert plausible_thoughts((2, 3, 7, 11), 24)[0].text == "11 + 7 = 18"


def test_products_above_thirteen_targets_are_not_plausible() -> None:
    assert "26 * 12 = 312" in [thought.text for thought in plausible_thoughts((26, 12), 24)]
    assert "313 * 1 = 313" not in [thought.text for thought in plausible_thoughts((313, 1), 24)]
