"""Searches under attack: lying and odd models, shared files of replies, odd hands, forged costs."""

from __future__ import annotations

import hashlib
import math
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.search.scripted import Scripted, kind_of, numbers_in, perfect, proposals
from tests.search.test_searches import GREEDY, HAND, ask, search
from tot24_bench.game import Puzzle, Rule, State, can_reach, load_split, thoughts
from tot24_bench.scoring import score, thoughts_in
from tot24_bench.search import (
    BadReplies,
    Call,
    Reply,
    ReplyStore,
    SearchSettings,
)

# Costs


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([*GREEDY]), st.integers(900, 9_000), st.integers(0, 5), st.integers(0, 3))
def test_costs_and_answers_are_the_same_whatever_is_known(
    tmp_path_factory: pytest.TempPathFactory, method: str, budget: int, liar: int, place: int
) -> None:
    """A budget ends a search at the same call, be the replies new or all or partly known."""

    def respond(context: str) -> str:
        said = perfect(context)
        number = int(hashlib.sha256(f"{liar}{context}".encode()).hexdigest()[:4], 16)
        return said + "\n" + "word " * (number % 40)

    hands = list(load_split("hard100")[3 * place : 3 * place + 3])
    work = tmp_path_factory.mktemp("work") / "replies.sqlite"
    more = {**GREEDY[method], **({"nodes": 6} if method in ("tot_dfs", "mcts") else {})}
    fresh, texts = search(Scripted(respond), hands, method, max_tokens_per_hand=budget, **more)
    search(Scripted(respond), hands[:2], method, work=work, **more)
    known, said = search(
        Scripted(respond), hands, method, max_tokens_per_hand=budget, work=work, **more
    )
    assert said == texts
    assert known.records == fresh.records


@pytest.mark.parametrize("method", GREEDY)
def test_a_hand_counts_what_was_asked_for_it_and_each_call_once(method: str) -> None:
    lm = Scripted()
    model, _ = search(lm, [HAND], method, **GREEDY[method])
    record = model.records[HAND]
    assert record.calls == len(lm.asked) == len(set(lm.asked)) == model.sent
    assert record.prompt_tokens == sum(len(context.split()) for context in lm.asked)
    assert record.completion_tokens == sum(len(perfect(one).split()) for one in lm.asked)


@pytest.mark.parametrize("method", GREEDY)
def test_all_hands_are_searched_however_many_are_under_way(method: str) -> None:
    from tot24_bench.search import SEARCHES, Backend, Run

    hands = load_split("hard100")[:7]
    told = SearchSettings(method=method, temperature=0, **GREEDY[method])
    for at_once in (1, 3, 7, 100):
        run = Run(
            lambda puzzle: SEARCHES[method](puzzle, told, 0),
            Backend(Scripted()),
            ReplyStore(),
            hands_at_once=at_once,
        )
        assert sorted(ended.place for ended in run.run(hands)) == [*range(7)]


# What a model may write


@pytest.mark.parametrize("method", ["tot_dfs", "mcts"])
def test_an_oracle_goes_on_to_another_path_to_the_same_end(method: str) -> None:
    def respond(context: str) -> str:
        if kind_of(context) != "answer":
            return perfect(context)
        wrong.setdefault("first", context)
        return "Answer: 1 + 1 = 24" if wrong["first"] == context else perfect(context)

    wrong: dict[str, str] = {}
    model, _ = search(Scripted(respond), [HAND], method, oracle=True, nodes=500)
    assert model.records[HAND].right[0]
    assert sum("(left: 24)" in text for text in model.records[HAND].finals) == 2


@pytest.mark.parametrize(
    "likelihoods", [(-math.inf,) * 3, (math.nan, -1.0, -2.0), (math.inf, 0.0, 0.0), (math.nan,) * 3]
)
def test_likelihoods_that_are_no_numbers_judge_nothing(likelihoods: tuple[float, ...]) -> None:
    def likelihood(context: str, word: str) -> float:
        return likelihoods[(" sure", " likely", " impossible").index(word)]

    lm = Scripted(likelihood=likelihood)
    model, _ = search(lm, [HAND], values="one_pass", beam=2)
    assert model.records[HAND].unjudged


def test_an_oracle_may_answer_more_ends_than_a_row_holds() -> None:
    def respond(context: str) -> str:
        if kind_of(context) == "value":
            return "Judgement: sure"
        return "Answer: 1 + 1 = 24" if kind_of(context) == "answer" else perfect(context)

    model, _ = search(Scripted(respond), [HAND], "tot_dfs", oracle=True, nodes=3_000)
    assert len(model.records[HAND].finals) <= 1_000


def test_a_malformed_answer_is_no_path() -> None:
    assert thoughts_in("4 5 6 10 + + -", (4, 5, 6, 10)) is None
    assert thoughts_in("(4 5) +", (4, 5, 6, 10)) is None
    assert thoughts_in("(4 + 5) 6 * 10", (4, 5, 6, 10)) is None
    assert thoughts_in("4 + () 5", (4, 5)) is None


def test_votes_for_no_solution_count() -> None:
    from tests.search.test_searches import told

    said = told("no solution", "Answer: 4 + 5 + 6 + 10 = 25", "no solution")
    _, (text,) = search(
        Scripted(said), [HAND], "self_consistency", k=3, temperature=1, votes="form"
    )
    assert text == "no solution"


def test_judged_states_are_visited() -> None:
    from tests.search.test_searches import told

    said = told("Answer: 5 * (10 - 6) + 4 = 24", "Answer: 4 + 5 + 6 + 10 = 25")
    lm = Scripted(lambda c: perfect(c) if kind_of(c) == "value" else said(c))
    model, _ = search(lm, [HAND], "best_of_k", prompt="io", k=2, temperature=1, choose="value")
    judged = {numbers_in(one) for one in lm.asked if kind_of(one) == "value"}
    assert model.records[HAND].states == len(judged) + 1


# Hands of other sizes, numbers and rules


def some(context: str, target: int, rule: Rule) -> str:
    """A perfect model for any target and rule."""
    numbers = numbers_in(context)
    if "List thoughts" in context:
        return proposals(numbers)
    alive = can_reach(State(tuple(sorted(numbers))), target, rule)
    return f"Judgement: {'sure' if alive else 'impossible'}"


@pytest.mark.parametrize("method", ["tot_bfs", "tot_dfs", "mcts"])
@pytest.mark.parametrize(
    "puzzle",
    [
        Puzzle((4, 6)),
        Puzzle((4, 4, 4, 6)),
        Puzzle((3, 3, 8, 8)),  # 8 / (3 - 8 / 3)
        Puzzle((1, 5, 5, 5)),  # 5 * (5 - 1 / 5)
        Puzzle((2, 3, 4)),
        Puzzle((1, 2, 3, 4, 5)),
        Puzzle((7, 7, 7, 7), 49, Rule.SOME),
        Puzzle((24, 3, 5), 24, Rule.SOME),
        Puzzle((24,), 24, Rule.SOME),
        Puzzle((5, 10, 3), 5, Rule.SOME),
        Puzzle((2, 2, 2), 4, Rule.SOME),
        Puzzle((3, 8), 5),
    ],
    ids=str,
)
def test_code_puts_together_right_answers_of_any_hand(method: str, puzzle: Puzzle) -> None:
    lm = Scripted(lambda c: some(c, puzzle.target, puzzle.rule))
    more = {} if method == "tot_bfs" else {"nodes": 300}
    _, (text,) = search(lm, [puzzle], method, answer="symbolic", **more)
    if can_reach(State(puzzle.hand), puzzle.target, puzzle.rule):
        assert score(puzzle, text).correct, text


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 13), min_size=2, max_size=4),
    st.sampled_from([*Rule]),
    st.integers(1, 40),
    st.sampled_from(["tot_bfs", "tot_dfs", "mcts"]),
)
def test_a_perfect_model_solves_whatever_can_be_solved(
    numbers: list[int], rule: Rule, target: int, method: str
) -> None:
    assume(target not in numbers)  # no thought is needed then, and every search makes one
    puzzle = Puzzle(tuple(numbers), target, rule)
    lm = Scripted(lambda c: some(c, target, rule))
    model, (text,) = search(lm, [puzzle], method, answer="symbolic")
    assert score(puzzle, text).correct is can_reach(State(puzzle.hand), target, rule), text


def test_a_state_that_is_an_exemplar_does_not_end_a_run() -> None:
    from tot24_bench.prompts import SHOTS, build_step
    from tot24_bench.prompts.propose_value import examples

    for target in (1, 12, 24, 36, 48):
        for method in ("propose", "value", "value_at_once"):
            for example in examples(method, target):
                build_step(method, Puzzle((1, 1, 1, 1), target), example.puzzle.hand, shots=SHOTS)


# Files of replies


def call(text: str = "Input: 1\n", **told: Any) -> Call:
    from tot24_bench.prompts import Prompt

    return Call(Prompt(HAND, "io", "default", text, ("x",)), "io", **told)


def test_another_model_does_not_take_the_replies(tmp_path: Path) -> None:
    work = tmp_path / "replies.sqlite"
    ReplyStore(work, "one model").close()
    ReplyStore(work, "one model").close()
    with pytest.raises(BadReplies, match="another model"):
        ReplyStore(work, "other model")


def test_two_runs_at_once_do_not_share_a_file(tmp_path: Path) -> None:
    work = tmp_path / "replies.sqlite"
    first = ReplyStore(work)
    with pytest.raises(BadReplies, match="another run"):
        ReplyStore(work)
    first.put(call(), Reply("a", (), 1, 1))
    first.close()
    again = ReplyStore(work)
    assert again.get(call()) == Reply("a", (), 1, 1)
    again.close()


def test_a_database_of_something_else_is_named(tmp_path: Path) -> None:
    work = tmp_path / "replies.sqlite"
    with sqlite3.connect(work) as other:
        other.execute("CREATE TABLE replies (a, b)")
    other.close()
    with pytest.raises(BadReplies, match="another --work"):
        search(Scripted(), [HAND], work=work)


def test_a_full_disk_is_named_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: ReplyStore, *_: Any) -> None:
        raise BadReplies("x cannot be written (disk is full): make room")

    monkeypatch.setattr(ReplyStore, "put", full)
    with pytest.raises(BadReplies, match="^x cannot be written"):
        search(Scripted(), [HAND], work=tmp_path / "replies.sqlite")
