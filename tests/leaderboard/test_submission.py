"""A submission keeps its own rules, or it does not exist."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from tot24_bench.game import Puzzle, load_split
from tot24_bench.leaderboard import (
    Metrics,
    ModelInfo,
    Sample,
    Submission,
    mean_tokens_of,
    metrics_of,
)
from tot24_bench.scoring import score

from .conftest import make_reported, make_sample, make_submission

FIRST, SECOND, *_ = load_split("hard100")
OUTSIDE = Puzzle.parse("4 4 6 8")


def test_it_reads_back_equal_from_its_json() -> None:
    for submission in (make_submission(repeats=2), make_reported()):
        text = json.dumps(submission.to_json())
        assert Submission.from_json(json.loads(text)) == submission


def test_puzzles_and_scores_are_written_as_they_write_themselves() -> None:
    sample = make_sample(FIRST, (True,))
    data = sample.to_json()
    assert data["puzzle"] == FIRST.to_json()
    assert data["scores"] == [sample.scores[0].to_json()]


def test_metrics_are_the_mean_over_hands_of_the_mean_over_repeats() -> None:
    hands = (make_sample(FIRST, (True, False, False, False)), make_sample(SECOND, (True,) * 4))
    metrics = metrics_of(hands)
    assert metrics.acc == 0.625
    assert metrics.valid == 0.625
    assert metrics.answered == 1.0
    assert metrics.false_claim == 0.375
    assert metrics.truncated == 0.0


def test_every_metric_counts_its_own_flag() -> None:
    cut = score(FIRST, "Steps: 4 + 5 = 9", truncated=True)
    sample = Sample(
        puzzle=FIRST, prompt_sha256=None, responses=("...",), tokens=(None,), scores=(cut,)
    )
    metrics = metrics_of([sample])
    assert (metrics.answered, metrics.truncated) == (0.0, 1.0)


def test_metrics_of_nothing_are_an_error() -> None:
    with pytest.raises(ValueError, match="at least one hand"):
        metrics_of([])


@pytest.mark.parametrize("name", Metrics.model_fields)
def test_a_metric_that_the_scores_do_not_give_is_named(name: str) -> None:
    metrics = make_submission().metrics.to_json()
    wrong = metrics | {name: metrics[name] + (1e-6 if metrics[name] < 0.5 else -1e-6)}
    with pytest.raises(ValidationError, match=rf"metrics\.{name} is .* samples give"):
        make_submission(metrics=wrong)
    with pytest.raises(ValidationError, match=rf"metrics\.{name}|valid number"):
        make_submission(metrics=metrics | {name: None})


def test_rounding_of_sums_is_no_mismatch() -> None:
    acc = make_submission().metrics.acc
    make_submission(metrics=make_submission().metrics.to_json() | {"acc": acc + 1e-12})


def test_token_means_are_checked_where_every_response_was_counted() -> None:
    with pytest.raises(ValidationError, match="mean_response_tokens is 11"):
        make_submission(mean_response_tokens=11)
    uncounted = make_sample(FIRST, (True,)).model_copy(update={"tokens": (None,)})
    assert mean_tokens_of([uncounted]) is None
    make_submission(samples=(uncounted,), mean_response_tokens=None)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another number of samples": ({"n": 4}, "n is 4, but there are 3 samples"),
    "another number of repeats": ({"repeats": 1, "samples": "twice each"}, "repeats is 1"),
    "the same hand twice": ({"samples": "reordered"}, "4 5 6 10 is asked twice"),
    "a hand of another split": ({"split": "val"}, "split is val, but the hand .* not belong"),
    "no samples though measured": (
        {"samples": (), "n": 3, "metrics": {"acc": 0.5}},
        "samples are missing",
    ),
    "no source though rescored": ({"obtained": "rescored"}, "source is missing"),
    "a method nobody knows": ({"method": "magic"}, "'magic' is not one of io, cot"),
    "a variant nobody knows": ({"variant": "magic"}, "'magic' is not one of default"),
    "a share above 1": ({"metrics": {"acc": 1.1}}, "less than or equal to 1"),
    "no number": ({"metrics": {"acc": float("nan")}}, "finite"),
    "no number in the generation": ({"generation": {"t": float("inf")}}, "finite"),
    "a key nobody knows": ({"colour": "red"}, "Extra inputs are not permitted"),
    "a later schema": ({"schema_version": 4}, "schema_version"),
    "negative seconds": ({"wall_seconds": -1}, "wall_seconds"),
    "a link that is no link": ({"model": {"link": "javascript:alert(1)"}}, "link"),
    "a blank name": ({"name": "  "}, "name"),
    "a hash that is none": ({"model": {"checkpoint_sha256": "abc"}}, "checkpoint_sha256"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_broken_rule_is_refused_with_its_reason(case: str) -> None:
    changes, message = REFUSED[case]
    changes = dict(changes)
    if changes.get("samples") == "twice each":
        changes["samples"] = (make_sample(FIRST, (True, True)),)
    if changes.get("samples") == "reordered":
        again = Puzzle(FIRST.numbers[::-1])
        changes["samples"] = (make_sample(FIRST, (True,)), make_sample(again, (True,)))
    with pytest.raises(ValidationError, match=message):
        make_submission(**changes)


def test_a_sample_has_a_score_and_a_length_for_each_response() -> None:
    data = make_sample(FIRST, (True, True)).to_json()
    for field in ("scores", "tokens", "responses"):
        with pytest.raises(ValidationError, match=r"2 .*1 |1 .*2 "):
            Sample.from_json(data | {field: data[field][:1]})


def test_puzzles_outside_the_fixed_splits_may_be_asked_under_another_name() -> None:
    repeated = (make_sample(OUTSIDE, (True,)), make_sample(OUTSIDE, (False,)))
    rescored = {"obtained": "rescored", "source": "a log"}
    assert make_submission(split="exemplars", samples=repeated, **rescored).metrics.acc == 0.5
    with pytest.raises(ValueError, match="asks a split of this benchmark"):
        make_submission(split="exemplars", samples=repeated)


@pytest.mark.parametrize(
    "split",
    ["hard100\u200b", "hard100 ", " hard100", "hard\u0430100", "a  b", "", "x" * 81, "a\nb"],
)
def test_a_split_that_only_looks_like_another_is_refused(split: str) -> None:
    with pytest.raises(ValueError, match="split"):
        make_submission(split=split, obtained="rescored", source="a log")


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("fresh-s0-n100", "that draw is called fresh"),
        ("fresh-s00", "that draw is called fresh"),
        ("state_holdout-s7", "that draw is called state_holdout"),
        ("six-n99999", "at most 2000 hands"),
        ("countdown-n2001", "at most 2000 hands"),
    ],
)
def test_a_draw_has_one_name_and_a_bounded_size(split: str, message: str) -> None:
    """Nothing is drawn for it, so it costs no time either."""
    with pytest.raises(ValueError, match=message):
        make_submission(split=split, obtained="reported", source="x", samples=(), n=100,
                        metrics={"acc": 0.5})  # fmt: skip


@pytest.mark.parametrize("label", ["One-Step ToT", "one step tot", "C.o.T", "\uff29\uff2f"])
def test_a_label_cannot_pass_for_a_method_of_ours(label: str) -> None:
    with pytest.raises(ValueError, match="is the name of a method of ours"):
        make_submission(method="other", variant="other", label=label)


def test_another_method_has_another_prompt() -> None:
    with pytest.raises(ValueError, match="then so is the variant"):
        make_submission(method="other", label="my search")


def test_what_was_measured_has_known_prompts() -> None:
    samples = tuple(
        sample.model_copy(update={"prompt_sha256": None}) for sample in make_submission().samples
    )
    with pytest.raises(ValueError, match="prompt_sha256 is missing"):
        make_submission(samples=samples)


def test_tokens_that_nobody_counted_have_no_mean_and_a_text_has_some() -> None:
    first = make_submission().samples[0]
    unknown = first.model_copy(update={"tokens": (None,)})
    with pytest.raises(ValueError, match="tokens of samples are not known"):
        make_submission(samples=(unknown,), mean_response_tokens=0.5)
    with pytest.raises(ValueError, match="has 0 tokens"):
        Sample.from_json({**first.to_json(), "tokens": [0]})


def test_withheld_scores_agree_with_themselves() -> None:
    first = make_submission().samples[0].to_json()
    wrong = {**first["scores"][0], "verdict": "wrong_numbers", "correct": True}
    withheld = {"responses": [], "responses_sha256": ["0" * 64]}
    with pytest.raises(ValueError, match="but the verdict is wrong_numbers"):
        Sample.from_json({**first, **withheld, "scores": [wrong]})


def test_counts_are_bounded() -> None:
    changes = {"obtained": "reported", "source": "x", "samples": (), "metrics": {"acc": 0.5}}
    with pytest.raises(ValueError, match="less than or equal to 100000"):
        make_submission(**{**changes, "n": 10**400})


def test_it_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        make_submission().n = 5


def test_half_a_surrogate_pair_from_an_api_does_not_lose_the_evaluation() -> None:
    sample = Sample(
        puzzle=FIRST,
        prompt_sha256=None,
        responses=("Answer: \ud83d",),
        tokens=(1,),
        scores=(score(FIRST, "Answer: \ud83d"),),
    )
    assert Sample.model_validate_json(sample.model_dump_json()) == sample


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("students/scout-2m", "students/scout-2m"),
        ("org/name", "org/name"),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        ("/home/me/students/scout-2m/", "scout-2m"),
        ("file:///home/me/scout-2m", "scout-2m"),
        ("~/students/scout-2m", "scout-2m"),
        ("C:\\Users\\me\\scout-2m", "scout-2m"),
        ("\\\\server\\share\\scout-2m", "scout-2m"),
        ("/", "local"),
        ("~", "local"),
    ],
)
def test_no_path_of_a_machine_is_kept(given: str, kept: str) -> None:
    assert ModelInfo(name="m", backend="hf", source=given).source == kept
