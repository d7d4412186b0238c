"""One arm of the training benchmark, in a process of its own: `python training_arms.py ARM`.

Prints what it trained as JSON. A process for each, as what one does to the allocator
(`keep_freed_memory`) would be the other's gain, too. All arms train the shape of scout-2m from
scratch on the same rows, 32 a step, without gradient checkpointing; they differ in the trainer:

| arm | trainer | batches | precision |
| --- | --- | --- | --- |
| `ours` | training.sft's, settings of scout-2m.yaml | length-grouped | bf16 autocast |
| `trl` | `trl.SFTTrainer` as it comes | drawn at random, padded to the longest | as it comes |
| `plain` | `transformers.Trainer` as it comes | every row padded to 1,024 | fp32 |
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

BATCH = 32
PADDED = 1_024
ROWS = 6_400
"""Enough that the length-grouped sampler sorts 50 batches at a time, as it does in a real run."""

STEPS = {"ours": 50, "trl": 16, "plain": 5}
"""That are measured. Ours are 50 batches that are sorted together, from the longest to the
shortest; the batches of the others are alike."""

WARM = {"ours": 50, "trl": 4, "plain": 1}
"""Steps before, which are not measured: a kernel is built for every new length, once in a run of
thousands of steps."""

ROOT = Path(__file__).resolve().parents[2]


def settings() -> Any:
    """The settings of scout-2m.yaml, but for the batch: the same for all arms."""
    from training.config import Configs, make_parser

    flags = ["--config", str(ROOT / "training" / "configs" / "scout-2m.yaml")]
    flags += ["--per_device_train_batch_size", str(BATCH)]
    flags += ["--rows", str(ROWS), "--max_steps", str(_steps("ours")), "--logging_steps", "1000"]
    flags += ["--save_strategy", "no", "--eval_strategy", "no", "--load_best_model_at_end", "false"]
    return Configs(*make_parser().parse_args_and_config([*flags, "--disable_tqdm", "true"]))


def _steps(arm: str) -> int:
    return WARM[arm] + STEPS[arm]


def make_trainer(arm: str, folder: str) -> Any:
    """The trainer of an arm, ready to train."""
    from training.rows import make_dataset
    from training.student import make_student
    from training.tokens import tokenize

    configs = settings()
    rows = make_dataset(configs.rows).select_columns(["prompt", "completion"])
    attention = configs.student.attention if arm == "ours" else "sdpa"  # what a Llama comes with
    configs.student.attention = attention
    model, tokenizer = make_student(configs.student, 0)
    common: dict[str, Any] = {
        "output_dir": folder,
        "max_steps": _steps(arm),
        "per_device_train_batch_size": BATCH,
        "gradient_checkpointing": False,
        "use_cpu": True,
        "save_strategy": "no",
        "logging_steps": 1000,
        "report_to": "none",
        "disable_tqdm": True,
    }
    if arm == "trl":
        from trl import SFTConfig, SFTTrainer

        return SFTTrainer(
            model, SFTConfig(**common), train_dataset=rows, processing_class=tokenizer
        )
    tokens = tokenize(rows, tokenizer, None)
    if arm == "plain":
        from transformers import Trainer, TrainingArguments

        padded = [pad(row, tokenizer.pad_token_id) for row in tokens.select(range(BATCH * 40))]
        return Trainer(model, TrainingArguments(**common), train_dataset=padded)
    from training.run import keep_freed_memory
    from training.validation import ValidatedTrainer

    keep_freed_memory()
    configs.sft.output_dir, configs.sft.max_length = folder, None
    return ValidatedTrainer(model, configs.sft, train_dataset=tokens, processing_class=tokenizer)


def pad(row: dict[str, Any], pad_token_id: int) -> dict[str, list[int]]:
    """A row of exactly PADDED tokens; what is longer is cut, as it usually is."""
    rest = PADDED - len(row["input_ids"])
    return {
        "input_ids": (row["input_ids"] + [pad_token_id] * rest)[:PADDED],
        "labels": (row["labels"] + [-100] * rest)[:PADDED],
        "attention_mask": ([1] * len(row["input_ids"]) + [0] * rest)[:PADDED],
    }


def measure(arm: str) -> dict[str, float]:
    """Train an arm; useful completion tokens, seconds of training, steps."""
    from transformers import TrainerCallback

    class Clock(TrainerCallback):  # type: ignore[misc]
        started = ended = 0.0

        def on_step_end(self, args: Any, state: Any, *others: Any, **kwargs: Any) -> None:
            nonlocal seen
            if state.global_step == WARM[arm]:
                seen, self.started = 0, time.perf_counter()

        def on_train_end(self, *args: Any, **kwargs: Any) -> None:
            self.ended = time.perf_counter()

    seen = 0
    with tempfile.TemporaryDirectory() as folder:
        trainer = make_trainer(arm, folder)
        step = trainer.training_step

        def counted(model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            nonlocal seen
            seen += int((inputs["labels"] != -100).sum())
            return step(model, inputs, *args, **kwargs)

        trainer.training_step = counted
        clock = Clock()
        trainer.add_callback(clock)
        trainer.train()
    seconds = clock.ended - clock.started
    return {"tokens": seen, "seconds": round(seconds, 2), "steps": STEPS[arm]}


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    print(json.dumps(measure(sys.argv[1])))
