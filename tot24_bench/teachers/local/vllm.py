"""The teacher `vllm`: a local checkpoint that vLLM runs in this process, where it is installed.

Prompts are sent as the tokens that `TransformersTeacher` sends, and every request has a seed of its
own. vLLM's results may still change with what stands beside a request: its batches are its own.

API: https://docs.vllm.ai/en/stable/api/vllm/ (LLM.generate, SamplingParams, RequestOutput).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Iterable
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from time import perf_counter
from typing import Any

from tot24_bench.teachers.local.checkpoint import (
    Checkpoint,
    LocalSettings,
    TokenPrompt,
    first_line,
    place_of,
)
from tot24_bench.teachers.teacher import Failure, Finish, Reply, Request, TeacherUnavailable, Usage

WINDOW = 16  # times `batch_size` requests are given to vLLM at once; its batches are its own

_FINISHES = {"stop": Finish.STOP, "length": Finish.LENGTH}


class VllmTeacher:
    """A checkpoint that vLLM runs; TeacherUnavailable where it is not installed."""

    def __init__(self, settings: LocalSettings) -> None:
        if find_spec("vllm") is None:
            raise TeacherUnavailable("vLLM is not installed: pip install vllm")
        if settings.device is not None:
            raise TeacherUnavailable("vLLM chooses its device: leave device out")
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            raise TeacherUnavailable("vLLM shares its work itself: start it without torchrun")
        self._settings = settings
        self._checkpoint = Checkpoint(settings)
        self.info = self._checkpoint.info("vllm", settings.dtype)
        self._llm: Any = None

    def ask(self, requests: Iterable[Request]) -> Generator[Reply | Failure]:
        """See `Teacher.ask`."""
        vllm = import_module("vllm")
        waiting = iter(requests)
        while window := list(islice(waiting, WINDOW * self._settings.batch_size)):
            asked = [self._checkpoint.asked(request) for request in window]
            options = [sampling(self._settings, one, self._checkpoint.stop) for one in asked]
            llm = self._load()
            began = perf_counter()
            outputs = llm.generate(
                [{"prompt_token_ids": [*one.ids]} for one in asked],
                [vllm.SamplingParams(**option) for option in options],
                use_tqdm=False,
            )
            seconds = (perf_counter() - began) / len(window)
            for request, output in zip(window, outputs, strict=True):
                yield outcome_of(request, output, seconds)

    def _load(self) -> Any:
        if self._llm is None:
            try:
                self._llm = import_module("vllm").LLM(
                    model=place_of(self._settings.model),
                    revision=self._settings.revision,
                    dtype=self._settings.dtype,
                    seed=self._settings.seed,
                    trust_remote_code=False,
                )
            except Exception as error:  # whatever its engine raises
                raise TeacherUnavailable(
                    f"vLLM cannot load {self._settings.model}: {first_line(error)}"
                ) from None
        return self._llm


def sampling(settings: LocalSettings, asked: TokenPrompt, stop: str | None) -> dict[str, Any]:
    """The arguments of `SamplingParams` for a request."""
    options = {
        "n": 1,
        "temperature": settings.temperature,
        "max_tokens": settings.max_tokens,
        "seed": int.from_bytes(hashlib.sha256(asked.key.encode()).digest()[:4], "big"),
        "top_p": settings.top_p,
        "top_k": settings.top_k,
        "stop": None if stop is None else [stop],
    }
    return {name: value for name, value in options.items() if value is not None}


def outcome_of(request: Request, output: Any, seconds: float) -> Reply | Failure:
    """What a `RequestOutput` comes to; one that vLLM gave up is a failure."""
    written = output.outputs[0] if output.outputs else None
    finish = _FINISHES.get(written.finish_reason) if written is not None else None
    if written is None or finish is None:
        reason = "no output" if written is None else f"finish_reason {written.finish_reason!r}"
        return Failure(request, "vLLM gave up", f"vLLM answered with {reason}"[:200])
    usage = Usage(
        prompt_tokens=len(output.prompt_token_ids or ()),
        completion_tokens=len(written.token_ids),
        seconds=seconds,
    )
    return Reply(request, written.text, finish, usage)
