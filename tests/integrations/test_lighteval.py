"""lighteval's own classes and its whole pipeline, offline, on the shipped student."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tot24_bench.game import Puzzle
from tot24_bench.scoring import score

pytest.importorskip(
    "lighteval",
    reason="no lighteval: pip install 'tot24-bench[lighteval]' (its nltk is not the pinned one)",
)

from lighteval.metrics import apply_metric
from lighteval.models.model_output import ModelResponse
from lighteval.tasks.requests import Doc

from tot24_bench.integrations.lighteval_metric import game24

HANDS = 6
RIGHT = "Answer: (6 - 4) * (4 + 8) = 24"
WRONG = "Answer: 4 + 4 + 6 + 8 = 24"


def asked(**specific: object) -> Doc:
    return Doc(query="Input: ...", choices=[""], gold_index=0, specific=specific)


def test_each_sample_is_judged_by_its_own_hand_and_target() -> None:
    docs = [asked(numbers="4 4 6 8"), asked(numbers=[4, 4, 6, 8], target=22)]
    responses = [ModelResponse(text=[RIGHT]), ModelResponse(text=[RIGHT])]
    first, second = apply_metric(responses, docs, [game24()])
    assert first == {"acc": 1.0, "valid": 1.0, "answered": 1.0, "false_claim": 0.0}
    assert second == {"acc": 0.0, "valid": 1.0, "answered": 1.0, "false_claim": 0.0}


def test_a_hand_with_several_samples_counts_their_mean() -> None:
    (metrics,) = apply_metric(
        [ModelResponse(text=[RIGHT, WRONG, WRONG, "?"])], [asked(numbers="4 4 6 8")], [game24()]
    )
    assert metrics == {"acc": 0.25, "valid": 0.75, "answered": 0.75, "false_claim": 0.5}


def test_reasoning_that_lighteval_takes_out_does_not_count() -> None:
    response = ModelResponse(text=[f"<think>{WRONG}</think>{RIGHT}"], text_post_processed=[WRONG])
    (metrics,) = apply_metric([response], [asked(numbers="4 4 6 8")], [game24()])
    assert metrics["acc"] == 0.0


def test_the_corpus_figure_is_the_mean_over_hands() -> None:
    aggregations = game24().get_corpus_aggregations()
    assert sorted(aggregations) == ["acc", "answered", "false_claim", "valid"]
    assert aggregations["acc"]([1.0, 0.0, 0.0, 0.0]) == 0.25


def test_a_doc_without_a_hand_is_an_error_and_not_a_wrong_answer() -> None:
    with pytest.raises(ValueError, match='a puzzle needs "numbers"'):
        apply_metric([ModelResponse(text=[RIGHT])], [asked()], [game24()])


@pytest.fixture
def gradients() -> Iterator[None]:
    """Gives back the gradients that lighteval turns off for the whole process."""
    import torch

    before = torch.is_grad_enabled()
    yield
    torch.set_grad_enabled(before)


@pytest.mark.usefixtures("gradients")
def test_the_task_of_the_page_scores_in_the_whole_pipeline_as_we_do(
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    snippet: Callable[[str], str],
) -> None:
    from lighteval.logging.evaluation_tracker import EvaluationTracker
    from lighteval.models.transformers.transformers_model import TransformersModelConfig
    from lighteval.pipeline import ParallelismManager, Pipeline, PipelineParameters
    from lighteval.tasks.registry import Registry

    # lighteval imports all of its own tasks first, and one of them downloads a file.
    for loader in ("_load_from_files", "_load_from_subdirs"):
        monkeypatch.setattr(Registry, loader, staticmethod(lambda *_: {}))
    monkeypatch.chdir(tmp_path)
    Path("game24_lighteval.py").write_text(snippet("lighteval"), encoding="utf-8")
    pipeline = Pipeline(
        tasks="game24_onestep_tot|0",
        pipeline_parameters=PipelineParameters(
            launcher_type=ParallelismManager.NONE,
            custom_tasks_directory="game24_lighteval.py",
            max_samples=HANDS,
        ),
        evaluation_tracker=EvaluationTracker(output_dir="results"),
        model_config=TransformersModelConfig(
            model_name=str(root / "students" / "scout-2m"),
            dtype="float32",
            device="cpu",
            model_parallel=False,
            batch_size=HANDS,
            override_chat_template=False,
            cache_dir="cache",
        ),
    )
    pipeline.evaluate()
    (details,) = pipeline.get_details().values()
    scores = [
        score(Puzzle.parse(one.doc.specific["numbers"]), one.model_response.text[0])
        for one in details
    ]
    assert [one.metric["acc"] for one in details] == [float(one.correct) for one in scores]
    assert [one.metric["valid"] for one in details] == [float(one.valid) for one in scores]
    right = sum(one.correct for one in scores)
    assert right > 0
    assert pipeline.get_results()["results"]["all"]["acc"] == pytest.approx(right / HANDS)
