"""The `lm_eval` command that asks a model the same as a plan, for people who keep to lm-eval.

>>> from tot24_bench.harness.evaluate import Plan
>>> plan = Plan("hf", {"pretrained": "org/base"}, ("game24_io",), limit=10, batch_size=8)
>>> plain_command(plan, "out")[:7]
('lm_eval', '--model', 'hf', '--model_args', 'pretrained=org/base', '--tasks', 'game24_io')
>>> " ".join(plain_command(plan, "out")[7:])
'--num_fewshot 5 --batch_size 8 --limit 10 --seed 1234 --output_path out --log_samples'
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tot24_bench.harness.documents import DEFAULT_SPLIT
from tot24_bench.harness.evaluate import Plan
from tot24_bench.prompts import DEFAULT_VARIANT

_PLAIN = re.compile(r"(?:\.{0,2}/)?[A-Za-z][\w./:@+-]*", re.ASCII)
"""Text that lm-eval reads as it stands in `key=value`, unless it is one of `_READ_AS_VALUES`."""

_READ_AS_VALUES = {"true", "false", "none", "nan", "inf", "infinity"}


def plain_command(plan: Plan, output: str) -> tuple[str, ...]:
    """The words of the command; `shlex.join` makes them a line for a shell.

    Args:
        plan: what to ask.
        output: lm-eval's `--output_path`, which `tot24 leaderboard add` reads.

    Raises:
        ValueError: the plan asks for repeats, which lm-eval's command has no option for.
    """
    if plan.repeats > 1:
        raise ValueError("lm_eval has no option for repeats: use tot24 eval")
    return ("lm_eval", *_words(plan), "--output_path", output, "--log_samples")


def _words(plan: Plan) -> Iterator[str]:
    yield from ("--model", plan.model, "--model_args", _arguments(plan.model_args))
    yield from ("--tasks", ",".join(plan.tasks), "--num_fewshot", str(plan.shots))
    yield from ("--batch_size", str(plan.batch_size))
    if plan.device is not None:
        yield from ("--device", plan.device)
    if plan.chat:
        yield "--apply_chat_template"
        yield from ("--fewshot_as_multiturn", str(plan.multiturn).lower())
    if plan.generation:
        yield from ("--gen_kwargs", _arguments(plan.generation))
    if metadata := _metadata(plan):
        yield from ("--metadata", json.dumps(metadata))
    if plan.limit is not None:
        yield from ("--limit", str(plan.limit))
    if plan.cache is not None:
        yield from ("--use_cache", plan.cache)
    yield from ("--seed", str(plan.seed))


def _metadata(plan: Plan) -> dict[str, Any]:
    """What the tasks are told beside lm-eval's own options; nothing where all is the default."""
    told = {
        "tot24_split": (plan.split, DEFAULT_SPLIT),
        "tot24_exemplars": (plan.variant, DEFAULT_VARIANT),
        "tot24_max_gen_toks": (plan.generation.get("max_gen_toks"), None),
    }
    return {key: value for key, (value, default) in told.items() if value != default}


def _arguments(values: Mapping[str, Any]) -> str:
    """As `key=value,...` where lm-eval reads that back to equal values, else as JSON."""
    if all(map(_is_plain, values.values())):
        return ",".join(f"{key}={value}" for key, value in values.items())
    return json.dumps(dict(values))


def _is_plain(value: object) -> bool:
    if isinstance(value, bool | int):
        return isinstance(value, bool) or value >= 0
    if not isinstance(value, str):
        return False
    return _PLAIN.fullmatch(value) is not None and value.lower() not in _READ_AS_VALUES
