"""The teacher `transformers`: a local checkpoint, on a CPU or a GPU, in one process or several.

    teacher = TransformersTeacher(LocalSettings("students/scout-2m", temperature=1.0))
    for outcome in teacher.ask(requests): ...

Requests are taken a window at a time, sorted by length and written in batches. A response depends
on the seed, the prompt, the number of its sample and the weights alone (`Draw`), so a run that was
interrupted goes on to the same responses. What a checkpoint's own generation settings say of
sampling is not applied. Under torchrun the first process takes requests, gives every process its
batches, and alone has the responses; the others serve until it releases them:

    if teacher.first: record(teacher.ask(requests))
    else: teacher.serve()
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from random import Random
from time import perf_counter
from typing import Any, NamedTuple, TypeVar

from tot24_bench.teachers.local.checkpoint import (
    Checkpoint,
    LocalSettings,
    TokenPrompt,
    first_line,
    place_of,
)
from tot24_bench.teachers.teacher import Failure, Finish, Reply, Request, TeacherUnavailable, Usage

WINDOW = 16  # batches a process that are sorted by length at once; what is longest goes first
TAIL = 16  # last tokens in which a stop is looked for: byte tokens write `\\nInput:` in seven
PATIENCE = timedelta(days=1)  # the first process waits for whoever takes its responses

_In = TypeVar("_In")
_Out = TypeVar("_Out")


class Written(NamedTuple):
    """A response as it comes from the weights: its text, tokens, and whether it ended by itself."""

    text: str
    tokens: int
    ended: bool


class TransformersTeacher:
    """A checkpoint that transformers loads; TeacherUnavailable where it cannot."""

    def __init__(self, settings: LocalSettings) -> None:
        self._settings = settings
        self._processes = Processes()
        self._checkpoint = Checkpoint(settings)
        self._device = _device(settings.device, self._processes.local_rank)
        self._dtype = _dtype(settings.dtype, self._device, self._checkpoint.config)
        self.info = self._checkpoint.info("transformers", self._dtype)
        self._batch = settings.batch_size
        self._loaded: Any = None

    @property
    def first(self) -> bool:
        """Whether this process asks; the others of a torchrun call `serve`."""
        return self._processes.first

    def ask(self, requests: Iterable[Request]) -> Generator[Reply | Failure]:
        """See `Teacher.ask`; under torchrun the first process asks, once."""
        if not self.first:
            raise TeacherUnavailable("only the first process of a torchrun asks; the others serve")
        try:
            waiting = iter(requests)
            count, size = self._processes.count, self._settings.batch_size
            while window := list(islice(waiting, WINDOW * count * size)):
                asked = [(request, self._checkpoint.asked(request)) for request in window]
                asked.sort(key=lambda pair: len(pair[1].ids), reverse=True)
                batches = [asked[i : i + size] for i in range(0, len(asked), size)]
                for i in range(0, len(batches), count):
                    yield from self._round(batches[i : i + count])
        finally:
            self._processes.release()

    def serve(self) -> None:
        """Write what the first process shares, until it is done or has failed."""
        self._processes.serve(self._write)

    def _round(self, batches: Sequence[list[tuple[Request, TokenPrompt]]]) -> Generator[Reply]:
        """One batch for each process."""
        began = perf_counter()
        jobs = [[asked for _, asked in batch] for batch in batches]
        results = self._processes.share(jobs, self._write)
        seconds = perf_counter() - began
        for batch, written in zip(batches, results, strict=True):
            for (request, asked), response in zip(batch, written, strict=True):
                usage = Usage(
                    prompt_tokens=len(asked.ids),
                    completion_tokens=response.tokens,
                    # The time of the round, shared evenly: the sum over traces is what it took.
                    seconds=seconds / sum(map(len, batches)),
                )
                finish = Finish.STOP if response.ended else Finish.LENGTH
                yield Reply(request, response.text, finish, usage)

    def _write(self, batch: list[TokenPrompt]) -> list[Written]:
        """Responses to some prompts; where they do not fit the memory, to fewer at once."""
        import torch

        if self._loaded is None:
            self._loaded = _weights(self._checkpoint, self._device, self._dtype)
        written: list[Written] = []
        while len(written) < len(batch):
            part = batch[len(written) : len(written) + self._batch]
            try:
                written += _generate(self._loaded, self._checkpoint, part)
                continue
            except torch.OutOfMemoryError:
                pass  # handled outside: here the error still holds the tensors
            if len(part) == 1:
                raise TeacherUnavailable(
                    f"one response does not fit the memory of {self._device}: use a smaller "
                    "max_tokens, dtype=bfloat16, or fewer shots"
                )
            self._batch = (len(part) + 1) // 2
            if self._device.startswith("cuda"):
                torch.cuda.empty_cache()
        return written


def _generate(model: Any, checkpoint: Checkpoint, batch: Sequence[TokenPrompt]) -> list[Written]:
    """One call of `generate`, the prompts padded on the left."""
    import torch
    from transformers import LogitsProcessorList, StoppingCriteriaList

    settings, tokenizer = checkpoint.settings, checkpoint.tokenizer
    width = max(len(asked.ids) for asked in batch)
    pad = tokenizer.pad_token_id
    ids = torch.tensor([[pad] * (width - len(a.ids)) + [*a.ids] for a in batch])
    mask = torch.tensor([[0] * (width - len(a.ids)) + [1] * len(a.ids) for a in batch])
    ends = set(model.generation_config.eos_token_id or ())
    ended = Ended(tokenizer, len(batch), width, ends, checkpoint.stop)
    processors = LogitsProcessorList()
    if settings.temperature:
        sources = [Random(asked.key) for asked in batch]
        processors.append(Draw(sources, settings.temperature, settings.top_p, settings.top_k))
    with torch.inference_mode():
        output = model.generate(
            input_ids=ids.to(model.device),
            attention_mask=mask.to(model.device),
            max_new_tokens=settings.max_tokens,
            logits_processor=processors,
            stopping_criteria=StoppingCriteriaList([ended]),
        )
    rows = output[:, width:].tolist()
    return [
        Written(checkpoint.text(row[: length or None]), length or len(row), length > 0)
        for row, length in zip(rows, ended.lengths, strict=True)
    ]


def _weights(checkpoint: Checkpoint, device: str, dtype: str) -> Any:
    """The model, ready to generate by nothing but what it is told."""
    import torch
    from transformers import AutoModelForCausalLM, GenerationConfig

    settings, tokenizer = checkpoint.settings, checkpoint.tokenizer
    try:
        model = AutoModelForCausalLM.from_pretrained(
            place_of(settings.model),
            revision=settings.revision,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=getattr(torch, dtype),
        ).to(device)
    except Exception as error:  # as `checkpoint`: a broken file raises anything
        raise TeacherUnavailable(
            f"the weights of {settings.model} cannot be loaded as {dtype} on {device}: "
            f"{first_line(error)}"
        ) from None
    own = model.generation_config.eos_token_id
    ends = {own} if isinstance(own, int) else set(own or ())
    if tokenizer.eos_token_id is not None:
        ends.add(tokenizer.eos_token_id)
    model.generation_config = GenerationConfig(
        eos_token_id=sorted(ends) or None, pad_token_id=tokenizer.pad_token_id, do_sample=False
    )
    return model.eval()


def _device(wanted: str | None, local_rank: int) -> str:
    """Where to write; the GPU of this process where it has one."""
    import torch

    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    mps = torch.backends.mps.is_available()
    if wanted is None:
        wanted = "cuda" if gpus else "mps" if mps else "cpu"
    kind, _, index = wanted.partition(":")
    if kind == "cuda":
        number = int(index) if index.isdecimal() else local_rank % max(gpus, 1)
        if number >= gpus:
            raise TeacherUnavailable(f"no device {wanted}: {gpus} GPUs are here; use device=cpu")
        return f"cuda:{number}"
    if kind == "mps" and not mps:
        raise TeacherUnavailable("no device mps here: use device=cpu")
    return kind


def _dtype(wanted: str, device: str, config: Any) -> str:
    """The weights' dtype by name; `auto` is what the checkpoint holds, float32 on a CPU."""
    if wanted != "auto":
        return wanted
    if device == "cpu":
        return "float32"
    return str(getattr(config, "dtype", None) or "float32").removeprefix("torch.")


class Draw:
    """A logits processor that leaves one token a row: the drawn one.

    `generate` draws all rows from one generator, so that a response changes with what stands beside
    it. Here each row has a source of its own: at every step one number u from 0 to 1 is drawn, and
    the token is the one at which the cumulated probabilities pass u (inverse transform sampling;
    Devroye 1986, III.2). What is left of the batch is padding, which may move the last bits of a
    probability: a token changes where u falls between the two values, once in millions.

    The temperature is above 0; top_k is applied first, then top_p.
    """

    def __init__(
        self,
        sources: Sequence[Random],
        temperature: float,
        top_p: float | None = None,
        top_k: int | None = None,
    ) -> None:
        self._sources, self._temperature = sources, temperature
        self._top_p, self._top_k = top_p, top_k

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Scores of the next tokens, rows by vocabulary, to 0 for the drawn one and -inf."""
        import torch

        exact = torch.float32 if scores.device.type == "mps" else torch.float64
        logits = scores.to(exact) / self._temperature
        if self._top_k is not None and self._top_k < logits.shape[-1]:
            least = logits.topk(self._top_k).values[:, -1:]
            logits = logits.masked_fill(logits < least, -torch.inf)
        if self._top_p is not None:
            ordered, order = logits.softmax(-1).sort(descending=True, stable=True)
            # A token stays where those likelier than it do not come to top_p without it.
            out = ordered.cumsum(-1) - ordered >= self._top_p
            logits = logits.masked_fill(out.scatter(-1, order, out), -torch.inf)
        # In the order of the vocabulary: that of the probabilities may hang on their last bits.
        sums = logits.softmax(-1).cumsum(-1)
        u = torch.tensor([[source.random()] for source in self._sources], dtype=exact)
        place = torch.searchsorted(sums, u.to(sums.device) * sums[:, -1:], right=True)
        drawn = place.clamp(max=sums.shape[-1] - 1)
        return torch.full_like(scores, -torch.inf).scatter_(-1, drawn, 0.0)


class Ended:
    """A stopping criterion: a row ends at an end token, or once it has written the stop."""

    def __init__(self, tokenizer: Any, rows: int, prompt: int, ends: set[int], stop: str | None):
        self.lengths = [0] * rows  # tokens of each row that has ended, end token included; else 0
        self._tokenizer, self._prompt, self._ends, self._stop = tokenizer, prompt, ends, stop

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        """Which rows have ended."""
        import torch

        written = input_ids.shape[1] - self._prompt
        tails = input_ids[:, self._prompt :][:, -TAIL:].tolist()
        for row, tail in enumerate(tails):
            if not self.lengths[row] and (tail[-1] in self._ends or self._stops(tail)):
                self.lengths[row] = written
        return torch.tensor([length > 0 for length in self.lengths], device=input_ids.device)

    def _stops(self, tail: list[int]) -> bool:
        return self._stop is not None and self._stop in self._tokenizer.decode(tail)


class Processes:
    """The processes of one run, as torchrun's environment variables tell; one without them.

    Only plain objects go between them, over gloo, so that it is the same on CPUs and GPUs.

    >>> Processes().count, Processes().first
    (1, True)
    """

    def __init__(self) -> None:
        self.count = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        self.local_rank = int(os.environ.get("LOCAL_RANK", "0"))
        self._released = False

    @property
    def first(self) -> bool:
        """Whether this is the process that asks and records; the others serve."""
        return self.rank == 0

    def share(self, jobs: Sequence[_In], work: Callable[[_In], _Out]) -> list[_Out]:
        """Every job's result, in order; the first process calls it, with at most `count` jobs."""
        if self.count == 1:
            return [work(job) for job in jobs]
        if self._released:
            raise TeacherUnavailable("the other processes have ended: ask once in each torchrun")
        results, error = self._work(work, self._broadcast([*jobs]) or [])
        if error is not None:
            raise error
        for rank, (_, fault) in enumerate(results):
            if fault is not None:
                raise TeacherUnavailable(f"process {rank} failed: {fault}")
        return [result for result, _ in results[: len(jobs)]]

    def serve(self, work: Callable[[Any], Any]) -> None:
        """Work on what the first process shares until it releases this one."""
        while (jobs := self._broadcast(None)) is not None:
            self._work(work, jobs)
        self._leave()

    def release(self) -> None:
        """Let the others go; the first process calls it, any number of times."""
        if self.count == 1 or self._released or not self.first:
            return
        self._released = True
        with suppress(TeacherUnavailable):  # who has gone need not be told
            self._broadcast(None)
        self._leave()

    def _broadcast(self, jobs: list[Any] | None) -> list[Any] | None:
        box = [jobs]
        self._meet(lambda dist: dist.broadcast_object_list(box, src=0))
        return box[0]

    def _work(
        self, work: Callable[[Any], Any], jobs: list[Any]
    ) -> tuple[list[Any], BaseException | None]:
        """This process's job, and what all made of theirs: a result, or why there is none."""
        result, fault = None, None
        try:
            if self.rank < len(jobs):
                result = work(jobs[self.rank])
        except BaseException as error:  # a process that fails still meets the others
            fault = error
        told = None if fault is None else f"{type(fault).__name__}: {first_line(fault)}"
        results: list[Any] = [None] * self.count
        into = results if self.first else None
        self._meet(lambda dist: dist.gather_object((result, told), into, dst=0))
        return results, fault

    def _meet(self, call: Callable[[Any], object]) -> None:
        import torch.distributed as dist

        if not dist.is_initialized():
            dist.init_process_group("gloo", timeout=PATIENCE)
        try:
            call(dist)
        except RuntimeError as error:
            raise TeacherUnavailable(f"another process has gone: {first_line(error)}") from None

    def _leave(self) -> None:
        import torch.distributed as dist

        if dist.is_initialized():
            dist.destroy_process_group()
