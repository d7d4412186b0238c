"""What a search is told to do, and what a leaderboard row says of it: settings, costs and flags.

Each method reads some of the settings; one that it does not read may not be changed, so that no row
claims a setting that changed nothing. `slug` is the part of a file name, `label` what tables say.

>>> settings = SearchSettings(method="tot_bfs", beam=1, temperature=0)
>>> settings.slug, settings.label
('tot_bfs-b1-t0', 'ToT (BFS), b = 1, greedy')
>>> SearchSettings(method="best_of_k", prompt="io", k=100).label
'best of 100 IO, oracle'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, ValidationError, model_validator

from tot24_bench.game import Puzzle
from tot24_bench.prompts import METHOD_NAMES, Prompt, build, build_step
from tot24_bench.schema import MAX_COUNT, Count, Encodable, Record, Share, first_fault
from tot24_bench.text import did_you_mean, one_line

SEARCH_METHODS = ("tot_bfs", "tot_dfs", "mcts", "self_consistency", "best_of_k", "refine")

_TREE = ("values", "value_samples", "temperature", "answer")
_SAMPLING = ("prompt", "k", "temperature")
USED: dict[str, tuple[str, ...]] = {
    "tot_bfs": ("beam", "select", *_TREE),
    "tot_dfs": ("nodes", "prune", "oracle", *_TREE),
    "mcts": ("nodes", "exploration", "root", "oracle", *_TREE),
    "self_consistency": (*_SAMPLING, "votes"),
    "best_of_k": (*_SAMPLING, "choose", "values", "value_samples"),
    "refine": _SAMPLING,
}
"""The settings that each method reads, beside the budget, the shots and the seed."""

MAX_K = 1_000  # responses to a hand


class CannotAsk(ValueError):
    """The model cannot be searched like this; the message names the fix."""


class SearchSettings(Record):
    """What to search, and how.

    Attributes:
        method: one of `SEARCH_METHODS`.
        prompt: which prompt the responses of `self_consistency`, `best_of_k` and `refine` answer.
        beam: states that `tot_bfs` keeps of a level, b.
        select: keep the best of a level, or draw by value.
        values: `written`: the model writes a judgement; `one_pass`: the likelihoods of its words.
        value_samples: judgements of a state that are written; one, where they are greedy.
        temperature: of all that is written; 0 is greedy.
        nodes: states that `tot_dfs` and `mcts` propose thoughts for, at most.
        prune: mean weight of a judgement below which `tot_dfs` does not go on (sure 20, likely 1).
        exploration: the constant of UCT.
        root: how `mcts` chooses among the first thoughts: `uct`, or `gumbel` (halving).
        oracle: go on until the answer is right, which only who knows the answer can tell.
        k: responses; of `refine`, tries.
        choose: what chooses of `best_of_k`: the right answer (`oracle`), or the model's own value.
        votes: when two answers of `self_consistency` are one: `text` of the last line, or `form`.
        answer: whether the model writes the answer of a path, or code puts it together.
        max_tokens_per_hand: prompt and completion tokens together that a search may use.
        seed: of whatever is drawn.
    """

    method: Literal["tot_bfs", "tot_dfs", "mcts", "self_consistency", "best_of_k", "refine"]
    prompt: Literal["io", "cot", "onestep_tot"] = "cot"
    beam: Annotated[int, Field(ge=1, le=1_000)] = 5
    select: Literal["greedy", "sample"] = "greedy"
    values: Literal["written", "one_pass"] = "written"
    value_samples: Annotated[int, Field(ge=1, le=100)] = 3
    temperature: Annotated[float, Field(ge=0, le=10)] = 0.7
    nodes: Annotated[int, Field(ge=1, le=100_000)] = 50
    prune: Annotated[float, Field(ge=0, le=20)] = 1.0
    exploration: Annotated[float, Field(ge=0, le=1_000)] = 0.3
    root: Literal["uct", "gumbel"] = "uct"
    oracle: bool = False
    k: Annotated[int, Field(ge=1, le=MAX_K)] = 10
    choose: Literal["oracle", "value"] = "oracle"
    votes: Literal["text", "form"] = "text"
    answer: Literal["model", "symbolic"] = "model"
    max_tokens_per_hand: Annotated[int, Field(ge=1, le=MAX_COUNT)] | None = None
    seed: Annotated[int, Field(ge=0, le=2**31)] = 1234

    @model_validator(mode="after")
    def _says_nothing_without_effect(self) -> Self:
        read = (*USED[self.method], "method", "max_tokens_per_hand", "seed")
        for name, field in type(self).model_fields.items():
            if name not in read and getattr(self, name) != field.default:
                users = ", ".join(method for method, used in USED.items() if name in used)
                raise ValueError(f"{self.method} has no {name}: it is for {users}")
        given = {name for name in ("values", "value_samples") if name in self.changed}
        if self.method == "best_of_k" and self.choose == "oracle" and given:
            raise ValueError(f"best_of_k has no {max(given)}: it is for choose=value, not oracle")
        if "value_samples" in given and (self.values == "one_pass" or not self.temperature):
            raise ValueError(
                f"{self.method} has no value_samples: it is for written judgements that are drawn, "
                "at a temperature above 0"
            )
        same = self.method in ("self_consistency", "best_of_k") and not self.temperature
        if same and self.k > 1:
            raise ValueError(
                f"{self.method} at temperature 0 asks for {self.k} equal responses: give a "
                "temperature, such as 0.7"
            )
        return self

    @property
    def changed(self) -> tuple[str, ...]:
        """The settings that the method reads and that are not as they come."""
        fields = type(self).model_fields
        read = (*USED[self.method], "max_tokens_per_hand")
        return tuple(name for name in read if getattr(self, name) != fields[name].default)

    @property
    def uses_answers(self) -> bool:
        """Whether right answers are used to stop, or to choose."""
        chosen = self.method == "best_of_k" and self.choose == "oracle"
        return chosen or self.oracle or self.method == "refine"

    @property
    def uses_code(self) -> bool:
        """Whether code does part of the arithmetic, whatever the model writes."""
        return self.answer == "symbolic" or (self.method == "best_of_k" and self.choose == "value")

    @property
    def most_finals(self) -> int | None:
        """How many answers it can end with; None where the settings bound them by nodes alone."""
        sampled = self.method in ("self_consistency", "best_of_k", "refine")
        return self.beam if self.method == "tot_bfs" else self.k if sampled else None

    @property
    def slug(self) -> str:
        """A short name without dots or blanks; other settings, but for the seed, have another."""
        shown = _ALWAYS[self.method]
        parts: list[str] = [self.method]
        for name in (*shown, *(name for name in self.changed if name not in shown)):
            value = getattr(self, name)
            said = f"{value:g}" if isinstance(value, float) else str(value)
            parts.append(_SHORT.get(name, "") + ("" if value is True else said))
        return "-".join(parts).replace(".", "p")

    @property
    def label(self) -> str:
        """What tables call it."""
        prompt = METHOD_NAMES[self.prompt]
        named = {
            "tot_bfs": f"ToT (BFS), b = {self.beam}",
            "tot_dfs": f"ToT (DFS), {self.nodes} nodes",
            "mcts": f"MCTS, {self.nodes} nodes",
            "self_consistency": f"self-consistency of {self.k} {prompt}",
            "best_of_k": f"best of {self.k} {prompt}",
            "refine": f"{prompt}, refined up to {self.k} times",
        }
        parts = [named[self.method]]
        if self.method == "best_of_k":
            parts.append("oracle" if self.choose == "oracle" else "own value")
        for name in self.changed:
            if name in _WORDS:
                words = _WORDS[name]
                parts.append(words.format(getattr(self, name)))
        return ", ".join(parts).replace("temperature 0.0", "greedy")


def read_settings(fields: Mapping[str, Any], spelled: Callable[[str], str] = str) -> SearchSettings:
    """Settings from what was written on a command line.

    Args:
        spelled: how a setting is written there, for messages.

    Raises:
        CannotAsk: one line with the setting and what is wrong with it.
    """
    try:
        return SearchSettings.model_validate(fields)
    except ValidationError as error:
        name, what = first_fault(error, "")
        if not name:  # a setting that the method has not: `_says_nothing_without_effect`
            what = what.removeprefix("Value error, ")
            for one in SearchSettings.model_fields:
                what = what.replace(f"has no {one}:", f"has no {spelled(one)}:")
            raise CannotAsk(what) from error
        if name in fields and name in SearchSettings.model_fields:
            asked = one_line(str(fields[name]), 40)
            words = map(str, get_args(SearchSettings.model_fields[name].annotation))
            near = did_you_mean(asked, words).strip()
            what = f"{what}, not {asked!r}{': ' * bool(near)}{near}"
        raise CannotAsk(f"{spelled(name)}: {what}") from error


_ALWAYS: dict[str, tuple[str, ...]] = {
    "tot_bfs": ("beam",),
    "tot_dfs": ("nodes",),
    "mcts": ("nodes",),
    "self_consistency": ("prompt", "k"),
    "best_of_k": ("prompt", "k", "choose"),
    "refine": ("prompt", "k"),
}
_SHORT = {
    "beam": "b",
    "value_samples": "v",
    "temperature": "t",
    "nodes": "n",
    "prune": "prune",
    "exploration": "c",
    "k": "k",
    "oracle": "oracle",
    "max_tokens_per_hand": "max",
}
_WORDS = {
    "select": "drawn by value",
    "values": "values in one pass",
    "value_samples": "{} judgements",
    "temperature": "temperature {}",
    "prune": "pruned below {}",
    "exploration": "c = {}",
    "root": "Gumbel root",
    "oracle": "oracle stop",
    "votes": "votes by form",
    "answer": "answer by code",
    "max_tokens_per_hand": "at most {:,} tokens",
}


def first_prompt(settings: SearchSettings, puzzle: Puzzle, shots: int) -> Prompt:
    """The prompt that a search of a puzzle sends first.

    Raises:
        NotAState: a search over thoughts of more numbers than a prompt shows.
        ValueError: more shots than there are exemplars.
    """
    if "answer" in USED[settings.method]:  # it walks a tree of thoughts
        return build_step("propose", puzzle, puzzle.numbers, shots=shots)
    return build(settings.prompt, puzzle, shots=shots)


class HandSearch(Record):
    """What a search did for one hand.

    Attributes:
        finals: the answers that it ended with, the one that it ranks first in front.
        right: whether each of them is right.
        calls: responses and judgements that it asked the model for, each different one once.
        prompt_tokens: tokens that these calls showed the model; None where nobody can count.
        completion_tokens: tokens that the model wrote.
        states: different states that it visited.
        dropped: proposals that were no valid thought, and so not followed.
        unjudged: judgements that were none of the three words.
        out_of_budget: whether it ended because its tokens were used up.
    """

    finals: Annotated[tuple[Encodable, ...], Field(min_length=1, max_length=MAX_K)]
    right: Annotated[tuple[bool, ...], Field(min_length=1, max_length=MAX_K)]
    calls: Count
    prompt_tokens: Count | None
    completion_tokens: Count | None
    states: Count
    dropped: Count = 0
    unjudged: Count = 0
    out_of_budget: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.finals) != len(self.right):
            raise ValueError(f"{len(self.finals)} finals, but {len(self.right)} of them judged")
        return self


_Mean = Annotated[float, Field(ge=0)]


class SearchReport(Record):
    """What a leaderboard row says of a search: three figures, means over hands, and flags.

    `metrics.acc` is the share of hands whose answer that the search itself ranks first is right.

    Attributes:
        any_final: share of hands where any of the final answers is right.
        mean_final: share of the final answers that are right, the mean over hands.
        oracle_stop: right answers were used to stop, or to choose.
        symbolic_step: code did part of the arithmetic: it put answers together, worked an answer
            out for the model to judge, or took numbers left from a thought that does not tell them.
        calls, prompt_tokens, completion_tokens, states, dropped, unjudged: as of `HandSearch`. Each
            hand counts what it would need alone.
        out_of_budget: how many hands ended that way.
        sent: calls that really went to the model: what hands share was asked once.
    """

    settings: SearchSettings
    any_final: Share
    mean_final: Share
    oracle_stop: bool
    symbolic_step: bool
    calls: _Mean
    prompt_tokens: _Mean | None
    completion_tokens: _Mean | None
    states: _Mean
    dropped: _Mean
    unjudged: _Mean
    out_of_budget: Count
    sent: Count

    @model_validator(mode="after")
    def _flags_what_its_settings_do(self) -> Self:
        if self.settings.uses_answers and not self.oracle_stop:
            raise ValueError("oracle_stop is false, but the settings use right answers")
        if self.settings.uses_code and not self.symbolic_step:
            raise ValueError("symbolic_step is false, but by the settings code does arithmetic")
        return self

    @property
    def tokens(self) -> float | None:
        """Prompt and completion tokens together, the mean of a hand."""
        if self.prompt_tokens is None or self.completion_tokens is None:
            return None
        return self.prompt_tokens + self.completion_tokens
