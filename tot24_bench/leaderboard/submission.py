"""A submission: one model, one task, one setting, with every response and its score.

A submission says how it was obtained: `measured` here, `rescored` from a public transcript, or
`reported` by a source and not checked. The rules, which hold for every submission that exists:

- Its metrics are what `metrics_of` gives for its stored scores; only `reported` has no samples.
- Responses are withheld (known by their hashes) only where they were `rescored` from elsewhere.
- Every sample has as many responses as the submission has repeats, and a score for each; only a
  `rescored` transcript may hold fewer for some hands.
- On a fixed split every hand belongs to that split and is asked once.
- `rescored` and `reported` name their source.
- A search was measured here. Each of its samples says how it went and has one response: the answer
  that the search ranks first. What the row says of it is what `report_of` gives for its samples.

>>> from tot24_bench.game import Puzzle
>>> from tot24_bench.scoring import score
>>> puzzle = Puzzle.parse("4 5 6 10")
>>> scores = tuple(score(puzzle, text) for text in ("Answer: 5 * 4 + 10 - 6", "No idea."))
>>> sample = Sample(
...     puzzle=puzzle,
...     prompt_sha256=None,
...     responses=("Answer: 5 * 4 + 10 - 6", "No idea."),
...     tokens=(9, 3),
...     scores=scores,
... )
>>> metrics_of([sample]).acc, mean_tokens_of([sample])
(0.5, 6.0)
"""

from __future__ import annotations

import datetime
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from statistics import fmean
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import AfterValidator, FailFast, Field, JsonValue, StringConstraints, model_validator

from tot24_bench.game import Puzzle, is_solvable, is_split, load_split
from tot24_bench.harness import METRICS, SEARCH_TASK, metrics_of_scores
from tot24_bench.leaderboard.key import check_split_name, first_of, key_of, letters_of
from tot24_bench.prompts import DEFAULT_VARIANT, METHOD_NAMES, METHODS, VARIANTS
from tot24_bench.schema import (
    MAX_COUNT,
    Count,
    Encodable,
    Link,
    Name,
    Record,
    Sha256,
    Share,
    Text,
    without_machine_path,
)
from tot24_bench.scoring import Score, Verdict
from tot24_bench.search import (
    SEARCH_METHODS,
    HandSearch,
    SearchReport,
    SearchSettings,
)
from tot24_bench.teachers import teacher_name

SCHEMA_VERSION: Literal[3] = 3  # since 3 a file of their own holds the training hands
OTHER = "other"  # a method or an exemplar variant that this project has no prompt for

MAX_SHOTS = 1_000  # exemplars in a prompt: far above any prompt's, so that file names stay short
MAX_HANDS = 100_000  # the deck has 1,820, and a transcript that is rescored at most 20,000
MAX_RESPONSES = 10_000  # to one hand

LIMITS = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")
"""What a generation argument that bounds the tokens of a response is called."""

METRIC_TOLERANCE = 1e-9  # between a stated figure and the recomputed one: rounding of sums

# The first fault ends the reading: a message for each of a million would not fit into memory.
_Several = FailFast()


def sha256_of(response: str) -> str:
    """The hash that stands for a response whose text is withheld."""
    return hashlib.sha256(response.encode("utf-8", "replace")).hexdigest()


class Sample(Record):
    """The responses to one puzzle.

    Attributes:
        puzzle: the puzzle asked, its numbers in the order in which the prompt showed them.
        prompt_sha256: hash of the prompt as `Prompt.sha256`; None where the prompt is not known. Of
            a search, of the first one that it sends (`search.first_prompt`).
        responses: what the model wrote, without the prompt, for each repeat; empty where withheld.
        responses_sha256: hash of each response that is withheld: whoever has the text can check it.
        tokens: length of each response in the model's own tokens; None where not counted.
        scores: the score of each response, as `tot24_bench.scoring.score` gave it.
        search: how a search went, which ranks the response first.
    """

    puzzle: Puzzle
    prompt_sha256: Sha256 | None
    responses: Annotated[tuple[Encodable, ...], _Several]
    responses_sha256: Annotated[tuple[Sha256, ...], _Several] = ()
    tokens: Annotated[tuple[Count | None, ...], _Several]
    scores: Annotated[tuple[Score, ...], _Several]
    search: HandSearch | None = None

    @model_validator(mode="after")
    def _keeps_the_rules(self) -> Self:
        if self.responses and self.responses_sha256:
            raise ValueError("responses are given and withheld: leave responses_sha256 out")
        given, counted = len(self.responses) or len(self.responses_sha256), len(self.tokens)
        if not given:
            raise ValueError("responses are missing")
        if not given == counted == len(self.scores):
            scores = len(self.scores)
            raise ValueError(f"{given} responses, {counted} token counts, {scores} scores")
        if given > MAX_RESPONSES:
            raise ValueError(f"{given} responses to a hand: at most {MAX_RESPONSES}")
        each = zip(self.responses, self.tokens, strict=False)
        if any(count == 0 and text.strip() for text, count in each):
            raise ValueError("a response with text has 0 tokens")
        for score in self.scores if self.withheld else ():  # nobody can repeat them
            claim = score.verdict is Verdict.NO_SOLUTION
            right = not is_solvable(self.puzzle) if claim else score.verdict is Verdict.CORRECT
            if score.correct != right:
                raise ValueError(f"correct is {score.correct}, but the verdict is {score.verdict}")
        if self.search is not None:
            hand, (first, right) = self.puzzle.text, (self.search.finals[0], self.search.right[0])
            if self.responses != (first,):
                raise ValueError(f"{hand}: search.finals[0] is not the one response")
            if right != (correct := self.scores[0].correct):
                raise ValueError(
                    f"{hand}: search.right[0] is {right}, but its score says {correct}"
                )
        return self

    @property
    def withheld(self) -> bool:
        """Whether the responses are known by their hashes only."""
        return not self.responses


class Metrics(Record):
    """Shares of responses, 0 to 1: the mean over hands of the mean over a hand's repeats.

    A reported figure may come without the others, which are then None.

    Attributes:
        acc: right answers.
        valid: answers that use exactly the hand's numbers, whatever their value.
        answered: responses that commit to an expression or to there being no solution.
        false_claim: responses that say "= target" of what is not.
        truncated: responses that the token limit cut off.
    """

    acc: Share
    valid: Share | None = None
    answered: Share | None = None
    false_claim: Share | None = None
    truncated: Share | None = None


class Training(Record):
    """What a student says of its training, so that it can be held against the test hands.

    Attributes:
        hands: every hand whose traces it was trained on, numbers ascending with spaces.
        rows: traces, repeats of a hand included.
        data_sha256: hash of the dataset as `training` or the contributor wrote it.
    """

    hands: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^[^\n]+$", max_length=200)], ...],
        Field(min_length=1, max_length=100_000),
    ]
    rows: Annotated[int, Field(gt=0, le=MAX_COUNT)] | None = None
    data_sha256: Sha256 | None = None

    def hands_file(self) -> tuple[str, bytes]:
        """The hands as a file of their own, one a line, and its SHA-256, by which it is known."""
        data = "".join(f"{hand}\n" for hand in self.hands).encode()
        return hashlib.sha256(data).hexdigest(), data


class ModelInfo(Record):
    """What was evaluated.

    Attributes:
        parameters: number of weights.
        precision: of the weights as they ran ("fp32", "bf16"): it moves a small model's score.
        backend: what ran it ("hf", "local-completions", ...).
        source: checkpoint or API model as given; of a path on the machine only the last part.
        checkpoint_sha256: hash of the weights file, where there is one.
        arguments: those model arguments that change what it answers (dtype, revision, ...).
        base: the model it was trained from.
        licence: SPDX identifier.
        link: a page about it.
        teacher: who wrote its training traces: the name of the teacher's own row, if there is one.
    """

    name: Name
    parameters: Annotated[int, Field(gt=0, le=MAX_COUNT)] | None = None
    precision: Text | None = None
    backend: Name
    source: Annotated[Name, AfterValidator(without_machine_path)]
    checkpoint_sha256: Sha256 | None = None
    arguments: dict[str, str] = Field(default_factory=dict)
    base: Annotated[Text, AfterValidator(without_machine_path)] | None = None
    licence: Text | None = None
    link: Annotated[Link, Field(max_length=2_000)] | None = None
    teacher: Annotated[Text, AfterValidator(teacher_name)] | None = None
    training: Training | None = None


def _one_of(known: tuple[str, ...]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in (*known, OTHER):
            raise ValueError(f"{value[:40]!r} is not one of {', '.join((*known, OTHER))}")
        return value

    return AfterValidator(check)


class Header(Record):
    """A submission without its samples: what stands in its JSON file.

    Attributes:
        task: the lm-eval task, e.g. "game24_onestep_tot".
        method: one of `prompts.METHODS`, of `search.SEARCH_METHODS`, or "other".
        label: what tables call the method where it is none of this project's, e.g. "ToT, b = 5".
        split: one of `game.SPLITS`, or the name of other puzzles.
        shots: exemplars in the prompt; None where the source does not say.
        variant: exemplar variant, one of `prompts.VARIANTS`, or "other".
        chat: whether the model's chat template was applied.
        multiturn: whether, in a chat, each exemplar was two turns of its own.
        n: number of hands.
        repeats: responses to each hand; to the hand with the most, where it is `rescored`.
        mean_response_tokens: in the model's own tokens.
        mean_prompt_tokens: of the text of a prompt, in the same tokens; None where nobody counted,
            and of a search, whose report says it.
        prompt_sha256: hash of the prompts of all hands; None where a prompt is not known.
        generation: generation arguments (max_gen_toks, do_sample, temperature, until, ...). A
            search has no `max_gen_toks`, but `limits`: the most tokens of a call, by its kind.
        seeds: every seed that was set, by what it seeds.
        versions: of tot24-bench, lm-eval, transformers, torch, python; and as `generation`, whose
            loop wrote the responses of a local model: tot24-bench's, lm-eval's, or both.
        wall_seconds: seconds of generating and scoring all tasks of the run together.
        created: the UTC date.
        source: where a figure or transcript that is not ours comes from.
        notes: what a reader of the figure must know.
        search: of a search, its settings, further figures, costs and flags.
    """

    schema_version: Literal[3] = SCHEMA_VERSION
    model: ModelInfo
    task: Name
    method: Annotated[str, _one_of((*METHODS, *SEARCH_METHODS))]
    label: Name | None = None
    split: Name
    shots: Annotated[int, Field(ge=0, le=MAX_SHOTS)] | None
    variant: Annotated[str, _one_of(VARIANTS)] = DEFAULT_VARIANT
    chat: bool = False
    multiturn: bool = False
    n: Annotated[int, Field(ge=1, le=MAX_HANDS)]
    repeats: Annotated[int, Field(ge=1, le=MAX_RESPONSES)] = 1
    metrics: Metrics
    mean_response_tokens: Annotated[float, Field(ge=0, le=MAX_COUNT)] | None = None
    mean_prompt_tokens: Annotated[float, Field(ge=0, le=MAX_COUNT)] | None = None
    prompt_sha256: Sha256 | None = None
    generation: dict[str, JsonValue] = Field(default_factory=dict)
    seeds: dict[str, int] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)
    hardware: Text = ""
    wall_seconds: Annotated[float, Field(ge=0)] | None = None
    created: datetime.date
    obtained: Literal["measured", "rescored", "reported"]
    source: Name | None = None
    notes: tuple[Text, ...] = ()
    search: SearchReport | None = None

    @property
    def total_tokens(self) -> float | None:
        """Tokens of a hand, the mean over hands: of all prompts and of all that was written.

        A prompt that is sent again counts again, as it is shown again. None where not known.
        """
        if self.search is not None:
            return self.search.tokens
        if self.mean_prompt_tokens is None or self.mean_response_tokens is None:
            return None
        return self.repeats * (self.mean_prompt_tokens + self.mean_response_tokens)

    @property
    def key(self) -> str:
        """The file stem below `results/submissions`; see `key.key_of`."""
        names = ("shots", "split", "chat", "multiturn", "variant", "repeats", "obtained")
        parts = {name: getattr(self, name) for name in names}
        parts["search"] = self.search and self.search.settings.slug
        return key_of(self.model.name, self.task, first=first_of(self.split, self.n), **parts)

    @model_validator(mode="after")
    def _says_where_it_is_from(self) -> Self:
        measured = self.obtained == "measured"
        if not measured and self.source is None:
            raise ValueError(f"source is missing: a {self.obtained} figure says where it is from")
        check_split_name(self.split, measured)
        if self.label is not None:
            if self.method != OTHER:
                raise ValueError(f"label is for other methods: the method is {self.method}")
            if letters_of(self.label) in map(letters_of, METHOD_NAMES.values()):
                raise ValueError(f"label is {self.label!r}, which is the name of a method of ours")
        if self.method == OTHER and self.variant != OTHER:
            raise ValueError("variant is ours, but the method is other: then so is the variant")
        if measured and self.shots is None:
            raise ValueError("shots are missing: what was measured here has a known prompt")
        return self

    @model_validator(mode="after")
    def _is_a_search_by_all_it_says(self) -> Self:
        if (search := self.search) is None:
            if self.method in SEARCH_METHODS:
                raise ValueError(f"search is missing: {self.method} is a search")
            return self
        if self.method != (method := search.settings.method):
            raise ValueError(f"search.settings are of {method}, but the method is {self.method}")
        split = self.split.partition("-")[0]
        if self.task not in (SEARCH_TASK, f"{SEARCH_TASK}_{split}"):
            raise ValueError(f"task is {self.task}, but a search of {split} is {SEARCH_TASK}")
        if self.obtained != "measured":
            raise ValueError(f"search is of what was measured here, not {self.obtained}")
        if self.variant != DEFAULT_VARIANT:
            raise ValueError(f"variant is {self.variant}: a search shows the default exemplars")
        if self.mean_prompt_tokens is not None:
            raise ValueError("mean_prompt_tokens is not said of a search: search.prompt_tokens is")
        return self


class Totals:
    """Running totals that check a submission against its samples, which it does not keep.

    So one of a gigabyte is checked while it is written, by the same rules as one in memory.
    """

    def __init__(self, samples: Iterable[Sample] = ()) -> None:
        self.repeats: list[int] = []
        self._puzzles: list[Puzzle] = []
        self._metrics: list[dict[str, float]] = []
        self._tokens: list[float | None] = []
        self._prompts: list[str | None] = []
        self._withheld = False
        self._searches: list[_Went | None] = []
        for sample in samples:
            self.add(sample)

    def add(self, sample: Sample) -> None:
        """Count one sample."""
        self._puzzles.append(sample.puzzle)
        self.repeats.append(len(sample.scores))
        self._metrics.append(metrics_of_scores(sample.scores))
        counted = [count for count in sample.tokens if count is not None]
        self._tokens.append(fmean(counted) if len(counted) == len(sample.tokens) else None)
        self._prompts.append(sample.prompt_sha256)
        self._withheld |= sample.withheld
        self._searches.append(None if sample.search is None else _Went.of(sample.search))

    def metrics(self) -> Metrics:
        """See `metrics_of`."""
        if not self._metrics:
            raise ValueError("no samples to take metrics of: evaluate at least one hand")
        return Metrics(**{name: fmean(hand[name] for hand in self._metrics) for name in METRICS})

    def mean_tokens(self) -> float | None:
        """See `mean_tokens_of`."""
        known = [mean for mean in self._tokens if mean is not None]
        return fmean(known) if known and len(known) == len(self._tokens) else None

    def prompts_sha256(self) -> str | None:
        """See `prompts_sha256`."""
        known = [digest for digest in self._prompts if digest is not None]
        if not known or len(known) < len(self._prompts):
            return None
        return hashlib.sha256(bytes.fromhex("".join(known))).hexdigest()

    def report(self, settings: SearchSettings, **said: Any) -> SearchReport:
        """See `report_of`; `said` is what samples do not give."""
        went = [one for one in self._searches if one is not None]
        if not went or len(went) < len(self._searches):
            raise ValueError("search is missing: every sample of a search says how it went")
        means: dict[str, Any] = {name: fmean(getattr(one, name) for one in went) for name in _MEANS}
        return SearchReport(
            settings=settings,
            any_final=fmean(one.any_right for one in went),
            mean_final=fmean(one.mean_right for one in went),
            prompt_tokens=_mean_of_known([one.prompt_tokens for one in went]),
            completion_tokens=_mean_of_known([one.completion_tokens for one in went]),
            **means,
            out_of_budget=sum(one.out_of_budget for one in went),
            **said,
        )

    def _search_faults(self, search: SearchReport) -> Iterator[str]:
        """What a search says of itself and its samples do not give; every sample has one."""
        own = ("oracle_stop", "symbolic_step", "sent")  # nothing but the search knows these
        given = self.report(search.settings, **{name: getattr(search, name) for name in own})
        for name in ("any_final", "mean_final", *_TOKENS, *_MEANS, "out_of_budget"):
            said, counted = getattr(search, name), getattr(given, name)
            if said != counted and not _close(said, counted):
                yield f"search.{name} is {said}, but the stored samples give {counted}"
        calls = 0
        most, budget = search.settings.most_finals, search.settings.max_tokens_per_hand
        for puzzle, one in zip(self._puzzles, self._searches, strict=True):
            if one is not None:
                calls += one.calls
                if most is not None and one.finals > most:
                    yield f"search.finals of {puzzle.text} are {one.finals}, but it keeps {most}"
                if budget is None and one.out_of_budget:
                    yield f"search.out_of_budget of {puzzle.text}, but its settings have no budget"
        if search.sent > calls:
            yield f"search.sent is {search.sent}, but all hands together need {calls} calls"

    def check(self, header: Header) -> None:
        """Hold what is said against the samples: a ValueError for the first broken rule."""
        for fault in self._faults(header):
            raise ValueError(fault)

    def _faults(self, header: Header) -> Iterator[str]:
        obtained = header.obtained
        if not self._puzzles:
            if obtained != "reported":
                yield f"samples are missing: a {obtained} figure needs its responses"
            return
        if header.n != len(self.repeats):
            yield f"n is {header.n}, but there are {len(self.repeats)} samples"
        # A transcript of others may lack some; it then says so where it is shown.
        fewest = 1 if obtained == "rescored" else header.repeats
        for puzzle, count in zip(self._puzzles, self.repeats, strict=True):
            if not fewest <= count <= header.repeats:
                yield f"repeats is {header.repeats}, but {puzzle.text} has {count} response(s)"
        if header.repeats > (most := max(self.repeats)):
            yield f"repeats is {header.repeats}, but no hand has more than {most} response(s)"
        if is_split(header.split):
            asked = Counter(puzzle.identity for puzzle in self._puzzles)
            strange = asked.keys() - {puzzle.identity for puzzle in load_split(header.split)}
            twice = [identity for identity, times in asked.items() if times > 1]
            faults = [(one, "does not belong to it") for one in sorted(strange)]
            for identity, what in (*faults, *((one, "is asked twice") for one in twice)):
                hand = " ".join(map(str, identity[0]))
                yield f"split is {header.split}, but the hand {hand} {what}"
        figures = {f"metrics.{name}": value for name, value in self.metrics()}
        stated = {f"metrics.{name}": value for name, value in header.metrics}
        stated["mean_response_tokens"] = header.mean_response_tokens
        if (tokens := self.mean_tokens()) is not None:
            figures["mean_response_tokens"] = tokens
        elif header.mean_response_tokens is not None:
            yield "mean_response_tokens is stated, but tokens of samples are not known"
        for name, counted in figures.items():
            said = stated[name]
            if not _close(said, counted):
                yield f"{name} is {said}, but the stored samples give {counted:.10g}"
        if header.prompt_sha256 != self.prompts_sha256():
            yield "prompt_sha256 is not the hash of the prompts of the stored samples"
        if obtained == "measured" and header.prompt_sha256 is None:
            yield "prompt_sha256 is missing: what was measured has known prompts"
        if self._withheld and obtained != "rescored":
            yield f"responses are withheld: a {obtained} figure must give them"
        for puzzle, one in zip(self._puzzles, self._searches, strict=True):
            if (one is None) != (header.search is None):
                which = "no search" if one is None else "a search"
                yield f"method is {header.method}, but the sample of {puzzle.text} has {which}"
        if header.search is not None:
            yield from self._search_faults(header.search)


_TOKENS = ("prompt_tokens", "completion_tokens")
_MEANS = ("calls", "states", "dropped", "unjudged")
"""Fields that a report has the mean of; those of tokens may be unknown."""


class _Went(NamedTuple):
    """What a report needs of a hand's search, without its answers."""

    finals: int
    any_right: bool
    mean_right: float
    prompt_tokens: int | None
    completion_tokens: int | None
    calls: int
    states: int
    dropped: int
    unjudged: int
    out_of_budget: bool

    @classmethod
    def of(cls, search: HandSearch) -> Self:
        counts = {name: getattr(search, name) for name in (*_TOKENS, *_MEANS, "out_of_budget")}
        return cls(len(search.finals), any(search.right), fmean(search.right), **counts)


def _mean_of_known(counts: Sequence[int | None]) -> float | None:
    known = [count for count in counts if count is not None]
    return fmean(known) if len(known) == len(counts) else None


def _close(said: float | None, counted: float | None) -> bool:
    """Whether a figure is the one that was counted, but for rounding."""
    if said is None or counted is None:
        return said is counted
    return abs(said - counted) <= METRIC_TOLERANCE * max(1.0, counted)


class Submission(Header):
    """One row of the leaderboard, with what it rests on; `samples` are in the order asked."""

    samples: tuple[Sample, ...] = ()

    @model_validator(mode="after")
    def _is_what_its_samples_give(self) -> Self:
        Totals(self.samples).check(self)
        return self


def figures_of(samples: Iterable[Sample]) -> dict[str, Any]:
    """Those fields of a header that its samples give, where all have as many responses."""
    totals = Totals(samples)
    return {
        "n": len(totals.repeats),
        "metrics": totals.metrics(),
        "mean_response_tokens": totals.mean_tokens(),
        "prompt_sha256": totals.prompts_sha256(),
    }


def report_of(
    settings: SearchSettings,
    samples: Iterable[Sample],
    *,
    oracle_stop: bool,
    symbolic_step: bool,
    sent: int,
) -> SearchReport:
    """What a row says of a search: figures of its samples, and what only the search knows.

    Raises:
        ValueError: there are no samples, or one says nothing of a search.
    """
    said = {"oracle_stop": oracle_stop, "symbolic_step": symbolic_step, "sent": sent}
    return Totals(samples).report(settings, **said)


def prompts_sha256(samples: Iterable[Sample]) -> str | None:
    """Hash of the hashes of all prompts, in the order asked; None where any is unknown."""
    return Totals(samples).prompts_sha256()


def metrics_of(samples: Iterable[Sample]) -> Metrics:
    """The metrics of stored scores, hand by hand as lm-eval's own; a ValueError for no samples."""
    return Totals(samples).metrics()


def mean_tokens_of(samples: Iterable[Sample]) -> float | None:
    """Mean length of a response in tokens, averaged as `metrics_of`; None where any is unknown."""
    return Totals(samples).mean_tokens()
