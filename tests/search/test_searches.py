"""The searches by scripted models: what they find and ask, and what no model can do to them."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lm_eval.api.instance import Instance
from pydantic import ValidationError

from tests.search.scripted import (
    Scripted,
    answer,
    judgement,
    kind_of,
    numbers_in,
    perfect,
    proposals,
)
from tot24_bench.game import Puzzle, Rule, State, can_reach, load_split, thoughts
from tot24_bench.prompts import NotAState
from tot24_bench.scoring import score
from tot24_bench.search import USED, BudgetTooSmall, CannotAsk, ModelFailed, SearchSettings
from tot24_bench.search.search_model import SearchModel, read_settings
from tot24_bench.search.thoughts import Walk

HAND = Puzzle.parse("4 5 6 10")
GREEDY: dict[str, dict[str, Any]] = {
    "tot_bfs": {},
    "tot_dfs": {},
    "mcts": {},
    "self_consistency": {"k": 1},
    "best_of_k": {"k": 1},
    "refine": {"k": 3},
}


def ask(model: SearchModel, puzzles: list[Puzzle]) -> list[str]:
    """The model's response to each hand, as lm-eval would have it."""

    def row(puzzle: Puzzle) -> dict[str, Any]:
        return {"numbers": puzzle.text, "target": puzzle.target, "rule": str(puzzle.rule)}

    return model.generate_until(
        [Instance("generate_until", row(one), ("", {}), 0) for one in puzzles]
    )


def search(
    lm: Scripted, puzzles: list[Puzzle], method: str = "tot_bfs", **told: Any
) -> tuple[SearchModel, list[str]]:
    """One run, greedy where nothing else is said."""
    more = {key: told.pop(key) for key in ("work", "trees", "shots") if key in told}
    model = SearchModel(lm, SearchSettings(method=method, **{"temperature": 0, **told}), **more)
    return model, ask(model, puzzles)


# What they find


@pytest.mark.parametrize("method", ["tot_bfs", "tot_dfs", "mcts"])
@pytest.mark.parametrize("answered", ["model", "symbolic"])
def test_a_perfect_model_solves_all_hands(method: str, answered: str) -> None:
    hands = list(load_split("hard100"))
    model, texts = search(Scripted(), hands, method, answer=answered)
    assert all(score(hand, text).correct for hand, text in zip(hands, texts, strict=True))
    assert all(record.right[0] for record in model.records.values())
    assert model.symbolic_step is (answered == "symbolic")
    assert not model.oracle_stop


def least_calls(hands: list[Puzzle], beam: int) -> int:
    """What breadth first cannot do without, greedy: each of these prompts once, whoever needs it.

    A proposal for every state that a level starts from, a value for every state that is offered,
    an answer for every path kept at the end.
    """
    proposed: set[Any] = set()
    valued: set[Any] = set()
    answered: set[Any] = set()
    for hand in hands:
        kept = [(hand.hand, ())]
        for level in (1, 2, 3):
            proposed |= {left for left, _ in kept}
            offered: list[tuple[Any, Any]] = [
                (thought.left.numbers, (*path, thought.text))
                for left, path in kept
                for thought in thoughts(State(left))
            ]
            if level < 3:
                offered = [*{left: (left, path) for left, path in reversed(offered)}.values()]
                offered.reverse()
            valued |= {left for left, _ in offered}
            # A stable sort of 20 and 0.001; before it the sum of the values on the way, all equal.
            offered.sort(key=lambda one: not can_reach(State(one[0]), 24))
            kept = offered[:beam]
        answered |= {(hand.text, path) for _, path in kept}
    return len(proposed) + len(valued) + len(answered)


@pytest.mark.parametrize("beam", [1, 5])
def test_no_call_is_made_twice(beam: int) -> None:
    hands = list(load_split("hard100"))
    lm = Scripted()
    model, _ = search(lm, hands, beam=beam)
    assert len(set(lm.asked)) == len(lm.asked) == model.sent
    # The order of equally good states decides which are kept, and that costs or saves a few calls.
    assert model.sent == pytest.approx(least_calls(hands, beam), rel=0.02)
    one_hand = [HAND]
    model, _ = search(Scripted(), one_hand, beam=1)
    assert model.sent == least_calls(one_hand, 1)


def test_every_level_is_one_batch() -> None:
    lm = Scripted()
    search(lm, list(load_split("hard100")))
    kinds = [{kind_of(context) for context in batch} for batch in lm.batches]
    assert kinds == [{"propose"}, {"value"}] * 3 + [{"answer"}]


@pytest.mark.parametrize("method", GREEDY)
def test_lock_step_finds_what_hand_by_hand_finds(method: str) -> None:
    hands = list(load_split("hard100")[:12])
    together, texts = search(Scripted(), hands, method, **GREEDY[method])
    for hand, text in zip(hands, texts, strict=True):
        alone, (said,) = search(Scripted(), [hand], method, **GREEDY[method])
        assert said == text
        assert alone.records == {hand: together.records[hand]}


@pytest.mark.parametrize("at_once", [1, 3, 12])
def test_hands_that_wait_for_others_are_searched_too(at_once: int) -> None:
    """They end in one step, so that none is under way when the next ones begin."""
    from tot24_bench.search import SEARCHES, Backend, ReplyStore, Run

    told, hands = SearchSettings(method="tot_bfs", temperature=0), load_split("hard100")[:12]
    asking = Backend(Scripted())
    run = Run(
        lambda hand: SEARCHES["tot_bfs"](hand, told, 0), asking, ReplyStore(), hands_at_once=at_once
    )
    assert sorted(ended.place for ended in run.run(hands)) == list(range(12))


def test_the_three_figures_are_of_the_final_answers() -> None:
    model, _ = search(Scripted(), [HAND], beam=5)
    record = model.records[HAND]
    assert len(record.finals) == len(record.right) == 5
    assert record.right[0]
    assert not all(record.right)


def test_a_likely_state_is_worth_less_than_a_sure_one() -> None:
    def respond(context: str) -> str:
        if kind_of(context) == "value" and numbers_in(context) == (4, 20):
            return "Judgement: likely"
        return perfect(context)

    _, (text,) = search(Scripted(respond), [HAND], beam=1)
    assert "(left: 4 20)" not in text
    assert score(HAND, text).correct


def test_states_are_drawn_by_value_where_that_is_asked() -> None:
    found = {search(Scripted(), [HAND], select="sample", beam=2, seed=i)[1][0] for i in range(6)}
    assert len(found) > 1
    first, again = (search(Scripted(), [HAND], select="sample", seed=3)[1] for _ in range(2))
    assert first == again


def test_one_pass_values_are_the_mean_weight_by_likelihood() -> None:
    def likelihood(context: str, word: str) -> float:
        assert context.endswith("\nJudgement:")
        alive = can_reach(State(tuple(sorted(numbers_in(context)))), 24)
        return {" sure": -30.0 * (not alive), " likely": -9.0, " impossible": -1.0}[word]

    lm = Scripted(likelihood=likelihood)
    model, (text,) = search(lm, [HAND], values="one_pass")
    assert score(HAND, text).correct
    assert model.records[HAND].unjudged == 0
    walk = Walk(HAND, SearchSettings(method="tot_bfs", values="one_pass"), 0)
    asked = walk.judge([0])
    (call,) = next(asked)
    with pytest.raises(StopIteration):
        asked.send([_reply((0.0, -1e9, 0.0))])
    assert call.words == (" sure", " likely", " impossible")
    assert walk.node(0).value == pytest.approx(3 * (20 + 0.001) / 2)


def _reply(likelihoods: tuple[float, ...]) -> Any:
    from tot24_bench.search import Reply

    return Reply("", likelihoods, 1, 1)


def test_another_rule_and_another_target_are_searched_too() -> None:
    some = Puzzle((4, 6, 7), 24, Rule.SOME)

    def respond(context: str) -> str:
        if kind_of(context) == "value":
            numbers = State(tuple(sorted(numbers_in(context))))
            return f"Judgement: {'sure' if can_reach(numbers, 24, Rule.SOME) else 'impossible'}"
        if "Steps:\n" in context:
            return answer(context)
        return proposals(numbers_in(context.replace("using each", "using every")))

    from tot24_bench.prompts import step_instruction

    lm = Scripted(lambda c: respond(c.replace(step_instruction("propose", 24, Rule.SOME), "")))
    _, (text,) = search(lm, [some], answer="symbolic")
    assert score(some, text).correct, text


# Over whole responses


def told(*responses: str) -> Callable[[str], str]:
    """A model that says one thing after the other."""
    turns = itertools.cycle(responses)
    return lambda _: next(turns)


RIGHT, WRONG, OTHER = (
    "Answer: 5 * (10 - 6) + 4 = 24",
    "Answer: 4 + 5 + 6 + 10 = 25",
    "Answer: 4 * 5 + 6 - 10 = 16",
)


def test_votes_are_by_text_or_by_form() -> None:
    said = (WRONG, RIGHT, "Answer: 4 + (10 - 6) * 5 = 24", WRONG)
    _, (text,) = search(Scripted(told(*said)), [HAND], "self_consistency", k=4, temperature=0.7)
    assert text == WRONG
    model, (text,) = search(
        Scripted(told(*said[1:])), [HAND], "self_consistency", k=3, temperature=0.7, votes="form"
    )
    assert text == RIGHT
    assert sum(model.records[HAND].right) == 2


def test_an_oracle_chooses_the_right_one_and_says_so() -> None:
    model, (text,) = search(
        Scripted(told(WRONG, OTHER, RIGHT)), [HAND], "best_of_k", k=3, temperature=1
    )
    assert text == RIGHT
    assert model.oracle_stop


def test_a_model_chooses_by_its_own_value() -> None:
    said = told(WRONG, "Answer: 4 * 6 = 24", OTHER, RIGHT)
    lm = Scripted(lambda c: perfect(c) if kind_of(c) == "value" else said(c))
    model, (text,) = search(lm, [HAND], "best_of_k", k=4, temperature=1, choose="value")
    assert text == RIGHT
    assert model.symbolic_step
    assert not model.oracle_stop


def test_refining_stops_at_the_right_answer() -> None:
    lm = Scripted(told(WRONG, OTHER, RIGHT))
    model, (text,) = search(lm, [HAND], "refine", k=10)
    assert text == RIGHT
    record = model.records[HAND]
    assert (record.calls, len(record.finals), model.oracle_stop) == (3, 3, True)
    assert f"{WRONG}\nThat is wrong." in lm.asked[1]
    assert "24" not in lm.asked[1].rpartition("That is wrong.")[2].replace("Input: 4 5 6 10", "")


# What no model can do


def chatter(text: str) -> Callable[[str], str]:
    return lambda _: text


NONSENSE = {
    "nothing": chatter(""),
    "prose": chatter("I am not sure what you mean.\nPerhaps 12 or so?"),
    "for ever": chatter("5 + 4 = 9 (left: 6 9 10)\n" * 40_000),
    "numbers that are not there": chatter("7 + 7 = 14 (left: 1 2)\nJudgement: sure"),
    "wrong sums": chatter("4 + 5 = 10 (left: 6 10 10)\nJudgement: sure"),
    "every word": chatter("Judgement: sure\nJudgement: impossible\nJudgement: likely"),
    "another word": chatter("Judgement: maybe"),
    "brackets": chatter("(" * 100_000),
    "figures": chatter("9" * 200_000),
    "surrogates": chatter("\ud800 4 + 5 = 9 \x00\u202e"),
    "contradiction": lambda c: (
        perfect(c) if kind_of(c) != "value" else "Judgement: sure\nJudgement: impossible"
    ),
    "all sure": lambda c: "Judgement: sure" if kind_of(c) == "value" else perfect(c),
    "all impossible": lambda c: "Judgement: impossible" if kind_of(c) == "value" else perfect(c),
}


@pytest.mark.parametrize("nonsense", NONSENSE)
@pytest.mark.parametrize("method", GREEDY)
def test_nonsense_ends_and_is_counted(method: str, nonsense: str) -> None:
    told = {**GREEDY[method], **({"nodes": 8} if "nodes" in USED[method] else {})}
    model, (text,) = search(Scripted(NONSENSE[nonsense]), [HAND], method, **told)
    record = model.records[HAND]
    assert record.finals[0].startswith(text[:20])
    if method.startswith("tot_bfs"):
        repeated = nonsense in ("for ever", "surrogates")  # true of the hand, of no later state
        assert bool(record.dropped) is (
            repeated or nonsense in ("numbers that are not there", "wrong sums")
        )
        assert bool(record.unjudged) is (repeated or nonsense == "contradiction")


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_whatever_a_model_says_the_search_ends(data: st.DataObject) -> None:
    texts = st.one_of(
        st.text(max_size=60),
        st.sampled_from([proposals((4, 5, 6, 10)), "Judgement: sure", RIGHT, "4 + 5 = 9"]),
    )
    method = data.draw(st.sampled_from(list(GREEDY)))
    told = {**GREEDY[method], **({"nodes": 5} if "nodes" in USED[method] else {})}
    lm = Scripted(lambda _: data.draw(texts))
    model, (text,) = search(lm, [HAND], method, **told)
    assert model.records[HAND].right[0] is score(HAND, text).correct


# Budgets


@pytest.mark.parametrize("method", GREEDY)
@pytest.mark.parametrize("budget", [900, 1_500, 5_000, 12_000])
def test_a_budget_is_never_passed(method: str, budget: int) -> None:
    hands = list(load_split("hard100")[:3])
    model, texts = search(Scripted(), hands, method, max_tokens_per_hand=budget, **GREEDY[method])
    for record in model.records.values():
        assert record.prompt_tokens is not None
        assert record.completion_tokens is not None
        assert record.prompt_tokens + record.completion_tokens <= budget
    free, _ = search(Scripted(), hands, method, **GREEDY[method])
    for hand in hands:
        if not model.records[hand].out_of_budget:
            assert model.records[hand] == free.records[hand]
    assert len(texts) == 3


def test_a_budget_that_ends_a_search_says_so() -> None:
    model, (text,) = search(Scripted(), [HAND], max_tokens_per_hand=1_500)
    record = model.records[HAND]
    assert record.out_of_budget
    assert text.startswith("Steps:\n")
    assert not record.right[0]


def test_a_budget_too_small_for_one_proposal_is_refused() -> None:
    with pytest.raises(BudgetTooSmall, match=r"does not allow for one propose call.*give at least"):
        search(Scripted(), [HAND], max_tokens_per_hand=100)


def test_a_budget_is_the_same_after_an_interruption(tmp_path: Path) -> None:
    hands = list(load_split("hard100")[:4])
    whole, texts = search(Scripted(), hands, max_tokens_per_hand=4_000)
    store = tmp_path / "replies.sqlite"
    with pytest.raises(ModelFailed):
        search(dying(after=30), hands, max_tokens_per_hand=4_000, work=store)
    again, said = search(Scripted(), hands, max_tokens_per_hand=4_000, work=store)
    assert said == texts
    assert again.records == whole.records


def test_without_a_tokenizer_no_budget_can_be_kept() -> None:
    lm = Scripted()
    lm.tokenizer = None
    with pytest.raises(BudgetTooSmall, match="tokenizer=NAME"):
        search(lm, [HAND], max_tokens_per_hand=10_000)
    model, _ = search(lm, [HAND])
    assert model.records[HAND].prompt_tokens is None


# Interruptions


def dying(after: int, respond: Callable[[str], str] = perfect) -> Scripted:
    """A model whose server goes away after some replies, in the middle of a batch."""
    left = itertools.count(1)

    def respond_or_die(context: str) -> str:
        if next(left) > after:
            raise ConnectionError("connection refused")
        return respond(context)

    return Scripted(respond_or_die)


@pytest.mark.parametrize("after", [0, 1, 40, 200, 333])
def test_nothing_is_lost_when_a_server_dies(after: int, tmp_path: Path) -> None:
    hands = list(load_split("hard100")[:6])
    alone = Scripted()
    whole, texts = search(alone, hands)
    store = tmp_path / "work" / "replies.sqlite"
    first = dying(after)
    with pytest.raises(ModelFailed, match=r"connection refused.*run the same command again"):
        search(first, hands, work=store)
    second = Scripted()
    again, said = search(second, hands, work=store)
    assert said == texts
    assert again.records == whole.records
    assert len(second.asked) == len(alone.asked) - after


def test_a_model_that_tells_only_at_the_end_is_heard_too() -> None:
    lm = Scripted(tells_at_once=False)
    model, _ = search(lm, [HAND])
    assert model.records == search(Scripted(), [HAND])[0].records


def test_a_broken_file_of_replies_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "replies.sqlite"
    broken.write_bytes(b"no database " * 100)
    with pytest.raises(OSError, match="remove it, or give another --work"):
        search(Scripted(), [HAND], work=broken)


def test_memory_holds_the_hands_under_way_alone() -> None:
    from tot24_bench.search import Backend, ReplyStore, Run
    from tot24_bench.search.tot import tot_bfs

    told = SearchSettings(method="tot_bfs", beam=1, temperature=0)
    run = Run(
        lambda puzzle: tot_bfs(puzzle, told, 0), Backend(Scripted()), ReplyStore(), hands_at_once=5
    )
    most = 0
    for number, _ in enumerate(run.run(load_split("train")[:60])):
        if number % 7 == 3:
            gc.collect()
            most = max(most, sum(isinstance(one, Walk) for one in gc.get_objects()))
    assert 0 < most <= 6


# Settings


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"method": "tot_bfs", "beam": 0}, "beam: Input should be greater than or equal to 1"),
        ({"method": "tot_bfs", "k": 5}, "tot_bfs has no k: it is for self_consistency"),
        (
            {"method": "best_of_k", "values": "one_pass"},
            "best_of_k has no values: it is for choose",
        ),
        (
            {"method": "tot_bfs", "value_samples": 5, "temperature": 0},
            "tot_bfs has no value_samples: it is for written judgements that are drawn",
        ),
        (
            {"method": "mcts", "value_samples": 5, "values": "one_pass"},
            "mcts has no value_samples: it is for written",
        ),
        ({"method": "refine", "beam": 2}, "refine has no beam: it is for tot_bfs"),
        ({"method": "self_consistency", "temperature": 0}, "10 equal responses: give a temp"),
        ({"method": "tot"}, "not 'tot': did you mean tot_"),
        ({"method": "tot_bfs", "values": "x"}, "values: Input should be 'written' or 'one_pass'"),
        ({"method": "mcts", "nodes": "many"}, "nodes: Input should be a valid integer"),
        ({}, "method: Field required"),
    ],
)
def test_settings_that_cannot_be_are_one_line(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(CannotAsk) as refused:
        read_settings(fields)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_other_settings_have_another_name() -> None:
    changes: dict[str, Any] = {
        "beam": 2, "select": "sample", "values": "one_pass", "value_samples": 1, "temperature": 0.5,
        "answer": "symbolic", "nodes": 7, "prune": 0.5, "exploration": 2.5, "root": "gumbel",
        "oracle": True, "prompt": "io", "k": 3, "choose": "value", "votes": "form",
        "max_tokens_per_hand": 1_000,
    }  # fmt: skip
    for method, used in USED.items():
        every = [SearchSettings(method=method)]
        every += [
            SearchSettings(method=method, **{name: changes[name]})
            for name in (*used, "max_tokens_per_hand")
            if not (method == "best_of_k" and name in ("values", "value_samples"))
        ]
        assert len({one.slug for one in every}) == len(every)
        assert len({one.label for one in every}) == len(every)
        for one in every:
            assert SearchSettings.from_json(one.to_json()) == one
            assert "." not in one.slug
    with pytest.raises(ValidationError):
        SearchSettings(method="tot_bfs", beam=True, temper=1)  # type: ignore[call-arg]


def test_a_hand_of_too_many_numbers_is_refused() -> None:
    with pytest.raises(NotAState, match="2 to 6 numbers left, not 7"):
        search(Scripted(), [Puzzle((1, 2, 3, 4, 5, 6, 7))])


def test_a_hand_of_one_number_needs_no_thought() -> None:
    _, (text,) = search(Scripted(chatter("Answer: 24 = 24")), [Puzzle((24,))])
    assert score(Puzzle((24,)), text).correct


def test_a_chat_server_is_not_asked_for_likelihoods() -> None:
    from lm_eval.models.openai_completions import LocalChatCompletion

    server = LocalChatCompletion(base_url="http://127.0.0.1:9/v1/chat/completions", model="none")
    model = SearchModel(server, SearchSettings(method="tot_bfs", values="one_pass"), chat=True)
    with pytest.raises(CannotAsk, match="--values written"):
        ask(model, [HAND])


def test_judgements_of_a_state_are_shared_among_hands() -> None:
    hands = [Puzzle.parse("4 5 6 10"), Puzzle.parse("4 4 5 1")]
    together = Scripted()
    search(together, hands)
    alone = [Scripted(), Scripted()]
    for lm, hand in zip(alone, hands, strict=True):
        search(lm, [hand])
    assert len(together.asked) < sum(len(lm.asked) for lm in alone)
    assert judgement((4, 20)) == "Judgement: sure"
