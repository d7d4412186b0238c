"""Greedy accuracy on `val` while training: the figure by which a checkpoint is chosen.

Writes 0-shot responses (One-Step ToT unless `val_method` says otherwise) for the 100 validation
hands, each in `val_orders` orders of its numbers, and scores them with the one scorer. The share of
right answers is logged as `eval_val_acc`, so that `metric_for_best_model: eval_val_acc` keeps the
best checkpoint. Beside it stand what the searches look like (see `Tally.metrics`), and TRL's own
evaluation, the loss on the solver's traces for the same hands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import permutations
from random import Random
from typing import TYPE_CHECKING, Any

import torch
from accelerate import PartialState
from accelerate.utils import DistributedType, synchronize_rng_states
from transformers.trainer_pt_utils import LengthGroupedSampler
from trl import SFTTrainer

from tot24_bench.game import Puzzle, load_split
from tot24_bench.harness import MAX_GEN_TOKS, respond
from tot24_bench.prompts import build
from tot24_bench.scoring import analyse

from .config import ValidationConfig
from .shared_prompt import loss_of
from .tokens import chat_prompt

if TYPE_CHECKING:
    from torch.utils.data import Sampler
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

STOP = "\nInput:"  # where the task ends a response


@dataclass
class Tally:
    """Sums over responses."""

    responses: int = 0
    right: int = 0
    tokens: int = 0
    truncated: int = 0
    thoughts: int = 0
    false_thoughts: int = 0
    backtracks: int = 0
    dead_ends_rightly: int = 0
    dead_ends_wrongly: int = 0
    revisits: int = 0

    def add(self, puzzle: Puzzle, response: str, tokens: int, ended: bool) -> None:
        """Score a response and count what its search does."""
        found = analyse(puzzle, response, truncated=not ended)
        self.responses += 1
        self.right += found.score.correct
        self.tokens += tokens
        self.truncated += not ended
        self.thoughts += len(found.thoughts)
        self.false_thoughts += sum(thought.fault is not None for thought in found.thoughts)
        self.backtracks += found.backtracks
        self.dead_ends_rightly += found.dead_ends_marked_rightly
        self.dead_ends_wrongly += found.dead_ends_marked_wrongly
        self.revisits += found.states_revisited

    def metrics(self) -> dict[str, float]:
        """What is logged, the accuracy first: means of a response, or shares of what is named."""
        n = max(self.responses, 1)
        marked = self.dead_ends_rightly + self.dead_ends_wrongly
        return {
            "eval_val_acc": self.right / n,
            "eval_val_tokens": self.tokens / n,
            "eval_val_truncated": self.truncated / n,  # cut off by the limit
            "eval_val_thoughts": self.thoughts / n,
            "eval_val_false_thoughts": self.false_thoughts / max(self.thoughts, 1),
            "eval_val_backtracks": self.backtracks / n,
            "eval_val_dead_ends": marked / n,  # states that a response calls dead
            "eval_val_dead_ends_wrong": self.dead_ends_wrongly / max(marked, 1),  # can be won
            "eval_val_revisits": self.revisits / n,  # times that it comes to a state again
        }


class ValidatedTrainer(SFTTrainer):
    """TRL's SFTTrainer whose evaluation also knows greedy accuracy on `val`."""

    validation = ValidationConfig()
    chat = False  # whether hands are asked in the student's chat template
    short_first = 0.0  # share of the batches that are the shortest and come first
    shared_prompt = False  # whether what the rows of a batch begin with is computed once

    @property
    def in_pieces(self) -> bool:
        """Whether weights lie in pieces over the processes (FSDP, DeepSpeed)."""
        pieces = (DistributedType.FSDP, DistributedType.DEEPSPEED)
        return self.accelerator.distributed_type in pieces

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """TRL's loss; with `shared_prompt` the same one for less work, where one process trains."""
        if not self.shared_prompt:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        found = loss_of(model, inputs["input_ids"], inputs["labels"], inputs["attention_mask"])
        tokens = found.tokens if num_items_in_batch is None else num_items_in_batch
        mode = "train" if self.model.training else "eval"
        told = self._metrics[mode]
        told["mean_token_accuracy"].append((found.right / found.tokens).item())
        if mode == "train":
            self._total_train_tokens += int(inputs["attention_mask"].sum())
        told["num_tokens"] = [self._total_train_tokens]
        loss = found.sum / tokens
        return (loss, {"loss": loss}) if return_outputs else loss

    def evaluation_loop(self, *args: Any, **kwargs: Any) -> Any:
        """TRL's evaluation with ours; here, so that whoever listens to it (`patience`) gets all."""
        output = super().evaluation_loop(*args, **kwargs)
        output.metrics.update(self._validate())
        return output

    def _validate(self) -> dict[str, float]:
        here, asked = self.accelerator, self.validation
        puzzles = in_orders(load_split(asked.val_split), asked.val_orders)
        how: dict[str, Any] = {"max_new_tokens": asked.val_tokens, "method": asked.val_method}
        how["chat"] = self.chat
        if self.in_pieces:
            from trl.models.utils import unwrap_model_for_generation

            # Every process has to take every step with the others.
            with unwrap_model_for_generation(self.model_wrapped, here) as model:
                return greedy_tally(model, self.processing_class, puzzles, **how).metrics()
        own = puzzles[here.process_index :: here.num_processes]
        tally = greedy_tally(self.model, self.processing_class, own, **how)
        if here.num_processes > 1:
            sums = torch.tensor(list(asdict(tally).values()), device=here.device)
            tally = Tally(*here.reduce(sums, "sum").tolist())
        return tally.metrics()

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int] | None:
        """Length-grouped batches that do not depend on how many processes share a batch."""
        if (
            self.args.train_sampling_strategy != "group_by_length"
            or "length" not in self.train_dataset.column_names
        ):
            return super()._get_train_sampler(train_dataset)
        rows = self.args.train_batch_size * self.args.gradient_accumulation_steps
        lengths = list(self.train_dataset["length"])
        return _Sampler(
            rows * self.args.world_size, lengths, self.args.seed, short_first=self.short_first
        )


class _Sampler(LengthGroupedSampler):
    """The same order in every process and after every interruption.

    The first epoch is drawn from the random state, as transformers does it; with several processes
    that of the first one. Later epochs have a seed of their own: after an interruption in the
    middle of one, nobody knows any more what the state was when it began.
    """

    def __init__(
        self, batch_size: int, lengths: list[int], seed: int, *, short_first: float = 0.0
    ) -> None:
        super().__init__(batch_size, lengths=lengths)
        self._seed, self._short_first, self._epoch = seed, short_first, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch."""
        self._epoch = epoch
        self.generator = torch.Generator().manual_seed(self._seed + epoch) if epoch else None

    def __iter__(self) -> Iterator[int]:
        if self.generator is None and PartialState().num_processes > 1:
            synchronize_rng_states(["torch"])
        order = list(super().__iter__())
        if self._short_first:
            order = self._short_ones_first(order)
        yield from order

    def _short_ones_first(self, order: list[int]) -> list[int]:
        """Batches in a drawn order; in the first epoch a share of the shortest come before all."""
        size = self.batch_size
        *batches, last = [order[i : i + size] for i in range(0, len(order), size)]
        Random(f"{self._seed}:{self._epoch}").shuffle(batches)
        if not self._epoch:
            longest = [max(map(self.lengths.__getitem__, batch)) for batch in batches]
            places = sorted(range(len(batches)), key=longest.__getitem__)
            early = places[: round(self._short_first * len(batches))]
            others = sorted(places[len(early) :])
            batches = [batches[place] for place in [*early, *others]]
        return [row for batch in [*batches, last] for row in batch]


def in_orders(puzzles: Sequence[Puzzle], orders: int) -> list[Puzzle]:
    """Every hand as it is dealt, then in other orders of its numbers, as far as there are any.

    A hundred answers tell students that are near 100% hardly apart, and a student has to read a
    hand in any order: so the same hands tell more. The orders of a hand are always the same ones.

    >>> [puzzle.text for puzzle in in_orders([Puzzle((4, 4, 4, 6))], 3)]
    ['4 4 4 6', '4 6 4 4', '4 4 6 4']
    """
    found = list(puzzles)
    for puzzle in puzzles:
        others = sorted({*permutations(puzzle.numbers)} - {puzzle.numbers})
        Random(f"order:{puzzle.text}").shuffle(others)
        found += [replace(puzzle, numbers=numbers) for numbers in others[: orders - 1]]
    return found


def greedy_tally(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    puzzles: Sequence[Puzzle],
    *,
    max_new_tokens: int = MAX_GEN_TOKS["onestep_tot"],
    method: str = "onestep_tot",
    chat: bool = False,
) -> Tally:
    """Ask every hand once, greedy and 0-shot, and count what comes back."""
    prompts = [build(method, puzzle, shots=0) for puzzle in puzzles]
    if chat:
        texts = [chat_prompt(prompt.messages, tokenizer) for prompt in prompts]
        asked = tokenizer(texts, add_special_tokens=False)["input_ids"]
    else:
        asked = tokenizer([prompt.text for prompt in prompts])["input_ids"]
    was_training = model.training
    model.eval()
    responses = respond(model, tokenizer, asked, max_new_tokens, ends=ends_of(model, tokenizer))
    model.train(was_training)
    tally = Tally()
    for puzzle, response in zip(puzzles, responses, strict=True):
        text = tokenizer.decode(response.tokens, skip_special_tokens=True)
        said, stop, _ = text.partition(STOP)
        tally.add(puzzle, said, len(response.tokens), response.ended or bool(stop))
    return tally


def ends_of(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """Every token that ends a response: the tokenizer's, and those that the checkpoint names."""
    named = getattr(model.generation_config, "eos_token_id", None)
    return {*(named if isinstance(named, list) else [named]), tokenizer.eos_token_id} - {None}
