"""From a transcript to counts, and from counts to a submission that reads back by every rule."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import fmean

import pytest

from tot24_bench.game import UnknownSplit, load_split, solve
from tot24_bench.leaderboard import (
    Entry,
    Origin,
    Rescored,
    Sample,
    Spool,
    SubmissionExists,
    TooLarge,
    check_split,
    header_of,
    interval,
    read,
    read_all,
    render_markdown,
    rescore,
    rows,
    samples_of,
    store,
    summarise,
    write_stream,
)
from tot24_bench.scoring import Verdict, score
from tot24_bench.statistics import clustered, wilson
from tot24_bench.transcripts import BadTranscript, read_transcript

from .conftest import entries, make_submission

HARD = load_split("hard100")
MODULE = sys.modules["tot24_bench.leaderboard.rescore"]  # the room's `rescore` is the function
ORIGIN = Origin(model="gpt-x", method="io", prompt="other", shots=None, source="a paper's logs")
WRONG = "Answer: 1 + 1 = 24"


def right(index: int) -> str:
    return f"Answer: {solve(HARD[index])[0].expression} = 24"


def transcript(path: Path, *pairs: tuple[str, object]) -> Path:
    records = [{"numbers": hand, "response": response} for hand, response in pairs]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def count(path: Path, spool: Spool | None = None, **options: bool) -> Rescored:
    return rescore(read_transcript(path, **options), spool)


@pytest.fixture
def ragged(tmp_path: Path) -> Path:
    """Two hands in five records, one of them dealt in two orders, with 4 and 2 responses."""
    first, second = HARD[0], HARD[1]
    return transcript(
        tmp_path / "t.jsonl",
        (first.text, right(0)),
        (second.text, [WRONG, right(1)]),
        (" ".join(map(str, reversed(first.numbers))), WRONG),
        (first.text, None),
        (first.text, right(0)),
    )


def save(path: Path, results: Path, origin: Origin = ORIGIN, overwrite: bool = False) -> Path:
    with Spool(results.parent) as spool:
        rescored = count(path, spool)
        header = header_of(rescored, origin, rescored.split)
        return write_stream(header, samples_of(rescored, spool), results, overwrite)


def test_responses_to_a_hand_belong_together_wherever_they_stand(ragged: Path) -> None:
    rescored = count(ragged)
    assert [(tally.puzzle, tally.samples, tally.right) for tally in rescored.hands] == [
        (HARD[0], 4, 2),
        (HARD[1], 2, 1),
    ]
    assert (rescored.repeats, rescored.empty, rescored.split) == ((2, 4), 1, "hard100")
    assert rescored.verdicts[Verdict.CORRECT] == 3
    assert rescored.metrics().acc == 0.5


def test_the_figures_of_several_responses(ragged: Path) -> None:
    reading = read_transcript(ragged)
    summary = summarise(rescore(reading), reading.bad, "hard100")
    assert summary.mean == (0.5, clustered([0.5, 0.5]))
    assert summary.best_of == (1.0, wilson(2, 2))
    assert summary.majority == (0.5, wilson(1, 2))  # the second hand's first answer is wrong
    assert summary.pass_at == {1: summary.mean}
    assert json.loads(json.dumps(summary.to_json()))["samples_a_hand"] == [2, 4]


def test_one_response_a_hand_has_one_figure(tmp_path: Path) -> None:
    path = transcript(tmp_path / "t", (HARD[0].text, right(0)), (HARD[1].text, WRONG))
    reading = read_transcript(path)
    summary = summarise(rescore(reading), reading.bad, "hard100")
    assert summary.mean == summary.best_of == summary.majority == (0.5, wilson(1, 2))


def test_a_submission_reads_back_by_every_rule(ragged: Path, tmp_path: Path) -> None:
    path = save(ragged, tmp_path / "results")
    name = "game24_io.anyshot.other.x4.hands2.rescored.json"
    assert path == tmp_path / "results" / "submissions" / "gpt-x" / name
    (submission,) = read_all(tmp_path / "results")
    assert (submission.obtained, submission.source) == ("rescored", "a paper's logs")
    assert (submission.n, submission.repeats, submission.shots) == (2, 4, None)
    assert [sample.puzzle for sample in submission.samples] == [HARD[0], HARD[1]]
    assert submission.samples[0].responses == (right(0), WRONG, "", right(0))
    for sample in submission.samples:
        for response, stored in zip(sample.responses, sample.scores, strict=True):
            assert score(sample.puzzle, response) == stored
    assert submission.notes == (
        "read from a plain transcript",
        "2 of the split's 100 hands",
        "2 to 4 responses a hand, 6 in all",
        "the figure is the mean of a hand's responses: any of them right 100.0%, their majority by "
        "text 50.0%, by form 50.0%",
        "empty responses, scored as wrong: 1",
    )
    assert interval(Entry.of(submission)) == clustered([0.5, 0.5])
    with pytest.raises(SubmissionExists):
        save(ragged, tmp_path / "results")
    save(ragged, tmp_path / "results", overwrite=True)


def test_the_table_says_how_it_was_obtained_and_what_is_not_known(
    ragged: Path, tmp_path: Path
) -> None:
    submission = read(save(ragged, tmp_path / "results"))
    (row,) = rows(entries([submission]))
    assert (row.shots, row.prompt, row.n) == ("–", "other", "2 of 100 x 2-4")
    page = render_markdown(entries([make_submission(right=1), submission]))
    assert "Source: a paper's logs." in page
    assert page.index("scout-2m") < page.index("## Rescored") < page.index("gpt-x")


def test_a_known_prompt_is_named(ragged: Path, tmp_path: Path) -> None:
    origin = ORIGIN._replace(prompt="default", shots=5, method="cot")
    submission = read(save(ragged, tmp_path / "results", origin))
    assert submission.key == "gpt-x/game24_cot.5shot.x4.hands2.rescored"
    assert (rows(entries([submission]))[0].shots, rows(entries([submission]))[0].prompt) == (
        "5",
        "plain",
    )


def test_a_search_that_is_no_method_here_goes_by_its_task(ragged: Path, tmp_path: Path) -> None:
    submission = read(save(ragged, tmp_path / "results", ORIGIN._replace(method="other")))
    assert rows(entries([submission]))[0].method == "game24_other"


def test_tokens_are_kept_where_every_response_has_them(tmp_path: Path) -> None:
    def line(custom_id: str, tokens: object) -> str:
        body = {
            "choices": [{"message": {"content": WRONG}, "finish_reason": "length"}],
            "usage": {"completion_tokens": tokens},
        }
        response = {"status_code": 200, "body": body}
        return json.dumps({"custom_id": custom_id, "response": response, "error": None}) + "\n"

    path = tmp_path / "batch"
    path.write_text(line("4 5 6 10", 10) + line("4 5 6 10", 20) + line("1 2 4 7", 40))
    submission = read(save(path, tmp_path / "results"))
    assert submission.mean_response_tokens == fmean([15, 40])
    assert submission.metrics.truncated == 1.0
    path.write_text(line("4 5 6 10", 10) + line("1 2 4 7", None))
    assert read(save(path, tmp_path / "other")).mean_response_tokens is None


@pytest.mark.parametrize(
    ("hands", "split"),
    [
        (["4 5 6 10"], "hard100"),
        (["4 5 6 10", "3 3 5 12"], "full"),
        (["3 3 5 12"], "hardest"),
        (["1 1 1 1"], "unsolvable"),
        (["1 1 1 1", "4 5 6 10"], "deck"),
        (["1 1 1 1", "4 5 6 25"], "other"),
    ],
)
def test_the_split_is_the_first_that_holds_every_hand(
    hands: list[str], split: str, tmp_path: Path
) -> None:
    path = transcript(tmp_path / "t", *((hand, WRONG) for hand in hands))
    rescored = count(path, any_hand=True)
    assert rescored.split == split
    check_split(rescored, split)
    with Spool() as spool:
        rescored = count(path, spool, any_hand=True)
        header = header_of(rescored, ORIGIN, split)
        assert read(write_stream(header, samples_of(rescored, spool), tmp_path)).split == split


def test_a_hand_that_is_not_of_the_split_is_named(tmp_path: Path) -> None:
    path = transcript(tmp_path / "t", (HARD[0].text, WRONG), ("3 3 5 12", WRONG))
    with pytest.raises(ValueError, match=r"3 3 5 12 is not in hard100: .*\(here full\)"):
        check_split(count(path), "hard100")
    with pytest.raises(UnknownSplit, match="did you mean hard100"):
        check_split(count(path), "hard10")
    other = count(transcript(tmp_path / "o", ("1 2 3", WRONG)), any_hand=True)
    check_split(other, "three cards")
    with pytest.raises(ValueError, match="1 2 3 is not in full"):
        check_split(other, "full")


def test_more_hands_than_memory_is_meant_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MODULE, "MAX_HANDS", 1)
    path = transcript(tmp_path / "t", (HARD[0].text, WRONG), (HARD[1].text, WRONG))
    with pytest.raises(BadTranscript, match="more than 1 different hands"):
        count(path)


def test_responses_that_no_submission_could_hold_are_refused_while_they_are_read(
    ragged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MODULE, "MAX_SAMPLE_BYTES", 600)
    with Spool() as spool, pytest.raises(TooLarge, match=r"the responses to 4 5 6 10 .*--no-save"):
        count(ragged, spool)
    monkeypatch.undo()
    monkeypatch.setattr(MODULE, "MAX_SAMPLES_BYTES", 600)
    with Spool() as spool, pytest.raises(TooLarge, match="the responses are more than"):
        count(ragged, spool)


@pytest.mark.parametrize("bound", ["MAX_SAMPLE_BYTES", "MAX_SAMPLES_BYTES"])
def test_what_could_not_be_read_back_is_not_written(
    bound: str, ragged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, bound, 700)
    with pytest.raises(TooLarge, match="larger than 700 bytes"):
        save(ragged, tmp_path / "results")
    assert not list((tmp_path / "results").rglob("*"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n": 3}, "n is 3, but there are 2 samples"),
        ({"repeats": 3}, "repeats is 3, but 4 5 6 10 has 4"),
        ({"repeats": 5}, "repeats is 5, but no hand has more than 4"),
        ({"split": "val"}, "does not belong"),
        ({"mean_response_tokens": 3.0}, "tokens of samples are not known"),
    ],
)
def test_a_stream_is_held_to_what_its_header_says(
    changes: dict[str, object], message: str, ragged: Path, tmp_path: Path
) -> None:
    with Spool() as spool:
        rescored = count(ragged, spool)
        header = header_of(rescored, ORIGIN, "hard100").model_copy(update=changes)
        with pytest.raises(ValueError, match=message):
            write_stream(header, samples_of(rescored, spool), tmp_path / "results")
    assert not list((tmp_path / "results").rglob("*"))


def test_a_measured_submission_still_has_as_many_responses_to_each_hand(ragged: Path) -> None:
    with Spool() as spool:
        rescored = count(ragged, spool)
        samples: tuple[Sample, ...] = tuple(samples_of(rescored, spool))
    with pytest.raises(ValueError, match=r"repeats is 4, but .* has 2 response"):
        make_submission(samples=samples, repeats=4, mean_response_tokens=None)
    with pytest.raises(ValueError, match="shots are missing"):
        make_submission(shots=None)


def test_no_two_hands_are_held_while_a_submission_is_written(tmp_path: Path) -> None:
    import tracemalloc

    long = WRONG + " x" * 100_000
    path = transcript(tmp_path / "t", *((puzzle.text, [long] * 5) for puzzle in HARD[:40]))
    with Spool(tmp_path) as spool:
        tracemalloc.start()
        rescored = count(path, spool)
        header = header_of(rescored, ORIGIN, "hard100")
        write_stream(header, samples_of(rescored, spool), tmp_path / "results")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert path.stat().st_size > 40_000_000
    assert peak < 15_000_000
