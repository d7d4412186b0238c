"""Greedy accuracy on `val` while training: the figure by which a checkpoint is chosen.

Generates 0-shot One-Step ToT responses for the 100 validation hands and scores them with the one
scorer. The share of right answers is logged as `eval_val_acc`, so that
`metric_for_best_model: eval_val_acc` keeps the best checkpoint. Beside it stands TRL's own
evaluation, the loss on the solver's traces for the same hands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trl import SFTTrainer

from tot24_bench.game import load_split
from tot24_bench.prompts import build
from tot24_bench.scoring import score

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

METHOD = "onestep_tot"

MAX_NEW_TOKENS = 512
"""Tokens of a response while training: fewer than the task allows, since an untrained student never
stops, and a longer response counts as wrong."""


class ValidatedTrainer(SFTTrainer):
    """TRL's SFTTrainer whose evaluation also knows greedy accuracy on `val`."""

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """TRL's evaluation (the loss on `val`), then greedy accuracy and response length."""
        metrics = super().evaluate(*args, **kwargs)
        accuracy, tokens = greedy_accuracy(self.model, self.processing_class)
        extra = {"eval_val_acc": accuracy, "eval_val_tokens": tokens}
        self.log(extra)
        return {**metrics, **extra}


def greedy_accuracy(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    split: str = "val",
    max_new_tokens: int = MAX_NEW_TOKENS,
) -> tuple[float, float]:
    """Share of a split answered right, greedy and 0-shot, and mean tokens of a response."""
    import torch

    puzzles = load_split(split)
    prompts = [build(METHOD, puzzle, shots=0).text for puzzle in puzzles]
    was_training = model.training
    model.eval()
    inputs = tokenizer(prompts, return_tensors="pt", padding=True, padding_side="left")
    inputs = inputs.to(model.device)
    with torch.no_grad():
        output = model.generate(
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            max_new_tokens=max_new_tokens,
            do_sample=False,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    if was_training:
        model.train()
    new = output[:, inputs["input_ids"].shape[1] :]
    responses = tokenizer.batch_decode(new, skip_special_tokens=True)
    right = sum(score(p, r).correct for p, r in zip(puzzles, responses, strict=True))
    tokens = (new != tokenizer.pad_token_id).sum().item()
    return right / len(puzzles), tokens / len(puzzles)
