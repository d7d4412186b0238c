"""A budget is never passed: alone under any schedule, and with a server that bills."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.teachers.asking import asked, replies, teacher_of, wanted
from tests.teachers.faulty_server import PROMPT_TOKENS, Behaviour, serving
from tot24_bench.teachers import Budget, BudgetSpent, Failure, Reply
from tot24_bench.teachers.api.money import MILLION, Charge, Price, price_of
from tot24_bench.teachers.teacher import TeacherUnavailable

PRICE = Price(input=Decimal(1000), output=Decimal(4000))
"""So dear that a few calls count."""

WORST_OF_ONE_CALL = 400

dollars = st.decimals(min_value="0.01", max_value=50, places=2)


@given(
    limit=st.integers(1, 500),
    max_cost=dollars,
    spent=st.integers(0, 100),
    calls=st.lists(st.tuples(st.integers(1, 60), dollars, st.floats(0, 1), st.booleans())),
)
def test_no_schedule_of_calls_passes_a_budget(
    limit: int,
    max_cost: Decimal,
    spent: int,
    calls: list[tuple[int, Decimal, float, bool]],
) -> None:
    budget = Budget(max_cost, limit, spent_tokens=spent)
    under_way: list[tuple[Charge, Charge]] = []
    for tokens, cost, share, settles in calls:
        worst = Charge(tokens, cost)
        if budget.reserve(worst):
            took = Charge(
                int(tokens * share), (cost * Decimal(share)).quantize(Decimal("0.000001"))
            )
            under_way.append(
                (worst, Charge(min(took.tokens, tokens), min(took.cost or cost, cost)))
            )
            assert budget.committed_tokens <= limit
            assert budget.committed_cost <= max_cost
        if settles and under_way:
            budget.settle(*under_way.pop(0))
    for pair in under_way:
        budget.settle(*pair)
    assert (budget.committed_tokens, budget.committed_cost) == (
        budget.spent_tokens,
        budget.spent_cost,
    )
    assert budget.spent_tokens <= max(limit, spent)
    assert budget.spent_cost <= max_cost


@pytest.mark.parametrize(
    ("limits", "flag"),
    [
        ({"max_cost": Decimal(0)}, "--max-cost"),
        ({"max_cost": Decimal(-1)}, "--max-cost"),
        ({"max_cost": Decimal("NaN")}, "--max-cost"),
        ({"max_tokens": 0}, "--max-tokens-total"),
    ],
)
def test_a_budget_of_zero_is_named(limits: dict[str, object], flag: str) -> None:
    with pytest.raises(TeacherUnavailable, match=flag):
        Budget(**limits)  # type: ignore[arg-type]


def test_a_limit_on_cost_without_a_price_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(TeacherUnavailable, match="--prices FILE"):
        teacher_of("http://127.0.0.1:9/v1", Budget(max_cost=Decimal(1)))


@pytest.mark.parametrize("faults", [(), ("cut", "503", "cut body", "empty", "malformed") * 8])
@pytest.mark.parametrize("honours_n", [True, False])
def test_tokens_are_never_passed_under_concurrency(
    faults: tuple[str, ...], honours_n: bool
) -> None:
    limit = 6_000
    budget = Budget(max_tokens=limit, spent_tokens=500)
    outcomes: list[Reply | Failure] = []
    behaviour = Behaviour(honours_n=honours_n, latency=0.005)
    with serving(behaviour, faults) as server:
        teacher = teacher_of(server, budget, samples_per_request=4)
        with pytest.raises(BudgetSpent, match=r"tokens are taken.*raise --max-tokens-total"):
            for outcome in teacher.ask(wanted(200, samples=8)):
                outcomes.append(outcome)
    assert 500 + server.seen.billed <= budget.spent_tokens <= limit
    assert len(asked(outcomes)) == len(set(asked(outcomes))) > 0
    if not faults:
        told = sum(
            (r.usage.prompt_tokens or 0) + (r.usage.completion_tokens or 0)
            for r in replies(outcomes)
        )
        assert told == server.seen.billed == budget.spent_tokens - 500
        assert limit - budget.spent_tokens < 400, "no more is left than one call may take"


def test_dollars_are_never_passed_and_what_is_asked_is_answered() -> None:
    budget = Budget(max_cost=Decimal("2.5"), spent_cost=Decimal("0.5"))
    outcomes: list[Reply | Failure] = []
    with serving(Behaviour(latency=0.005)) as server:
        teacher = teacher_of(server, budget, PRICE, concurrency=16)
        with pytest.raises(BudgetSpent, match=r"of \$2\.5 are taken.*raise --max-cost"):
            for outcome in teacher.ask(wanted(300)):
                outcomes.append(outcome)
    cost = sum((r.usage.cost or Decimal(0) for r in replies(outcomes)), Decimal(0))
    per_call = (PROMPT_TOKENS * PRICE.input + 5 * PRICE.output) / MILLION
    assert cost == len(outcomes) * per_call
    assert budget.spent_cost == Decimal("0.5") + cost <= Decimal("2.5")
    assert len(server.seen.bodies) == len(outcomes), "what was sent is answered before the end"


def test_a_server_that_counts_nothing_takes_the_worst_case() -> None:
    budget = Budget(max_tokens=2_000)
    outcomes: list[Reply | Failure] = []
    with serving(Behaviour(usage=False)) as server, pytest.raises(BudgetSpent):
        for outcome in teacher_of(server, budget).ask(wanted(50)):
            outcomes.append(outcome)
    assert 0 < len(outcomes) < 10
    assert all(reply.usage.prompt_tokens is None for reply in replies(outcomes))
    assert server.seen.billed <= budget.spent_tokens <= 2_000


def test_a_call_that_was_never_sent_costs_nothing() -> None:
    budget = Budget(max_tokens=100_000)
    with serving() as server:
        answers = teacher_of(server, budget, max_retries=1, concurrency=1).ask(wanted(4))
        assert isinstance(next(answers), Reply)
    # The server is gone now: no connection is made, so nothing can be billed.
    spent = budget.spent_tokens
    with pytest.raises(TeacherUnavailable, match="does not answer any more"):
        list(answers)
    assert budget.spent_tokens - spent <= WORST_OF_ONE_CALL, "one may go out on the old connection"


def test_no_budget_left_for_another_try_is_a_failure_not_an_overrun() -> None:
    budget = Budget(max_tokens=400)
    with serving(Behaviour(always="cut")) as server:
        teacher = teacher_of(server, budget, max_retries=5, concurrency=1)
        with pytest.raises(BudgetSpent):
            outcomes = []
            for outcome in teacher.ask(wanted(3)):
                outcomes.append(outcome)
    (failure,) = outcomes
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.again) == ("lost, no budget", True)
    assert len(server.seen.bodies) == 1
    assert budget.committed_tokens <= 400


def test_prices_of_the_user_go_before_those_that_come_along(tmp_path: Path) -> None:
    table = tmp_path / "prices.yaml"
    table.write_text("models: {gpt-4o: {input: 1, output: 2.5}, mine: {input: 0, output: 0}}\n")
    mine = price_of("gpt-4o", table)
    assert mine is not None
    assert (mine.input, mine.output, mine.batch) == (Decimal(1), Decimal("2.5"), Decimal("0.5"))
    assert price_of("mine", table) == Price(Decimal(0), Decimal(0), batch=Decimal("0.5"))
    shipped = price_of("gpt-4o-mini", table)
    assert shipped is not None
    assert shipped.output == Decimal("0.6")


@pytest.mark.parametrize(
    "text",
    [
        "[1, 2",
        "models: 3",
        "models: {m: {input: -1, output: 1}}",
        "models: {m: {input: .nan, output: 1}}",
        "models: {m: {input: 1}}",
        "models: {m: {input: 1, output: 1, typo: 2}}",
        "currency: EUR\nmodels: {}",
        "!!python/object/apply:os.system ['true']",
    ],
)
def test_a_price_table_that_is_none_is_named(text: str, tmp_path: Path) -> None:
    table = tmp_path / "prices.yaml"
    table.write_text(text)
    with pytest.raises(TeacherUnavailable, match=r"--prices .*prices\.yaml") as caught:
        price_of("gpt-4o", table)
    assert "\n" not in str(caught.value)
    with pytest.raises(TeacherUnavailable, match="--prices"):
        price_of("gpt-4o", tmp_path / "none.yaml")


def test_cached_tokens_cost_their_own_price_and_the_worst_case_is_never_below() -> None:
    price = price_of("gpt-6-sol")
    assert price is not None
    assert price.cost(1_000_000, 0, cached=1_000_000) == Decimal("0.2")
    assert price.cost(1_000_000, 0, written=1_000_000) == Decimal("2.5")
    assert price.worst(1_000_000, 10) >= price.cost(1_000_000, 10, written=600_000, cached=9)
