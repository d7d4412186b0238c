"""One reward for every trainer: 1 for a right answer, 0 for any other, by the one scorer.

`reward` is the figure. The functions after it take what a trainer passes, in its order and under
its names, and ask `reward`'s question: `trl_reward` for TRL, `compute_score` for verl,
`verifiers_reward` for a rubric of verifiers. Only the standard library is imported.

Only a right answer pays. `trl_valid` and `trl_answered` are off unless they are named: to be logged
(weight 0), or to shape with (0.1). Shaping can be gamed: where no response of a group is right, the
bonus alone tells them apart, however small it is (GRPO divides by the group's deviation), and it
takes no search: `Answer: 1` is answered, `4 + 4 + 6 + 8` is valid. So that is what is learnt.

How each trainer is set up: docs/rewards.md.

>>> reward("4 4 6 8", "Answer: (6 - 4) * (4 + 8) = 24")
1.0
>>> reward([4, 4, 6, 8], [{"role": "assistant", "content": "Answer: 4 * 6 = 24"}])
0.0
>>> compute_score("game24", "Answer: 4 * 6 = 24", {"target": 24, "numbers": [4, 4, 6, 8]})
0.0
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tot24_bench.game import read_puzzle
from tot24_bench.scoring import Score, score

Numbers = str | Sequence[int | float | str] | Mapping[str, Any]
"""A hand as a dataset holds it: "4 4 6 8"; its numbers as a list, tuple, array or tensor, be they
integers, whole floats or digits; or an object `{"target": 24, "numbers": [4, 4, 6, 8]}`. See
`game.puzzle.read_puzzle`."""

Target = int | float | str | None
"""A target as a dataset holds it: 24, 24.0 or "24"; None is that of the hand's object, or 24."""

Targets = Sequence[Target] | None
"""A dataset's column of targets, where it has one; None in it is 24."""


def reward(numbers: Numbers, response: object, *, target: Target = None) -> float:
    """What a response is worth: 1.0 if it is right, else 0.0; never raises for any response.

    Args:
        numbers: the hand, every number of which must be used once.
        response: what the model wrote, without the prompt: a text, or chat messages, of which the
            last assistant message counts. Anything else is an empty response, worth 0.0.
        target: the integer to make; None is 24, or what the hand's object says.

    Raises:
        ValueError: numbers or a target that make no puzzle; a fault of the dataset, not the model.
    """
    return float(_score(numbers, response, target).correct)


def trl_reward(
    prompts: Sequence[object],
    completions: Sequence[object],
    numbers: Sequence[Numbers],
    target: Targets = None,
    **kwargs: Any,
) -> list[float]:
    """A reward function of TRL's GRPOTrainer: `reward` of each completion, each 0.0 or 1.0.

    Prompts, the dataset's other columns and TRL's own arguments are not looked at.

    Args:
        completions: texts, or where the dataset's prompts are messages, lists of messages.
        numbers: the dataset's column `numbers`, one hand a completion.
        target: the dataset's column `target`, where it has one.

    Raises:
        ValueError: as `reward`, or when there is not one hand and one target a completion.
    """
    return [float(one.correct) for one in _scores(completions, numbers, target)]


def trl_valid(
    completions: Sequence[object], numbers: Sequence[Numbers], target: Targets = None, **kwargs: Any
) -> list[float]:
    """Beside `trl_reward`: whether the answer uses exactly the hand's numbers, whatever its worth.

    Arguments and errors are those of `trl_reward`. Read the module's warning before it is weighed.
    """
    return [float(one.valid) for one in _scores(completions, numbers, target)]


def trl_answered(
    completions: Sequence[object], numbers: Sequence[Numbers], target: Targets = None, **kwargs: Any
) -> list[float]:
    """Beside `trl_reward`: whether the completion commits to an answer, whatever its worth.

    As `trl_reward` else. Read the module's warning before it is weighed.
    """
    return [float(one.answered) for one in _scores(completions, numbers, target)]


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Numbers,
    extra_info: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> float:
    """A custom reward function of verl: `reward` of one response.

    Args:
        solution_str: the response; every row that verl sends here is taken for a hand.
        ground_truth: the row's `reward_model.ground_truth`, here the hand, or an object that holds
            it and its target.
        extra_info: the row's `extra_info`; its `target`, where it has one, replaces 24.

    Raises:
        ValueError: as `reward`.
    """
    return reward(ground_truth, solution_str, target=(extra_info or {}).get("target"))


def verifiers_reward(
    completion: object, answer: Numbers, info: Mapping[str, Any] | None = None, **kwargs: Any
) -> float:
    """A reward function of a verifiers `Rubric`: `reward` of one rollout.

    Args:
        completion: the rollout's messages, or its text.
        answer: the dataset's column `answer`, here the hand.
        info: the dataset's column `info`; its `target`, where it has one, replaces 24.

    Raises:
        ValueError: as `reward`. A Rubric logs it and goes on with 0.0: read the log.
    """
    return reward(answer, completion, target=(info or {}).get("target"))


def _scores(
    completions: Sequence[object], numbers: Sequence[Numbers], target: Targets
) -> list[Score]:
    targets = [None] * len(completions) if target is None else target
    if not len(completions) == len(numbers) == len(targets):
        raise ValueError(
            f"{len(completions)} completions, {len(numbers)} hands and {len(targets)} targets: "
            "give one hand (and one target, where there are any) for each completion"
        )
    return [
        _score(hand, completion, goal)
        for hand, completion, goal in zip(numbers, completions, targets, strict=True)
    ]


def _score(numbers: Numbers, response: object, target: Target) -> Score:
    return score(read_puzzle(numbers, target), reply_of(response))


def reply_of(response: object) -> str:
    """The text that is judged: of messages the last that the assistant wrote, else nothing.

    What a tool or a user said must not count, nor an answer that the assistant went on from.
    """
    if isinstance(response, str):
        return response
    if not isinstance(response, Sequence):
        return ""
    replies = [message for message in response if _field(message, "role") == "assistant"]
    content = _field(replies[-1], "content") if replies else ""
    if isinstance(content, list | tuple):
        # Content in parts, as multimodal chat templates take it: its texts, put together.
        parts = [_field(part, "text") for part in content]
        content = "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _field(message: object, name: str) -> object:
    """A field of a message: TRL's are dicts, those of verifiers are objects."""
    return message.get(name) if isinstance(message, Mapping) else getattr(message, name, None)
