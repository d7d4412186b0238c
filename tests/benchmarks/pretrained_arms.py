"""One arm of the benchmark of a pretrained student, in a process of its own.

    python pretrained_arms.py ours | trl

Both train a LoRA adapter of one shape on SmolLM2-135M, on the same rows, 16 a step. `ours` is
training.sft's trainer with smollm2-135m-lora.yaml, its batches in a drawn order; `trl` is
`trl.SFTTrainer` as it comes, told of the adapter, the batch and the CPU alone. Prints useful
completion tokens, seconds, and the peak of the process's memory in GB, as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "training" / "configs" / "smollm2-135m-lora.yaml"
BASE = ROOT / "models" / "smollm2-135m-instruct"
BATCH, ROWS, WARM, STEPS = 16, 800, 2, 6


def make_trainer(arm: str, folder: str) -> Any:
    """The trainer of an arm, ready to train."""
    from training.config import Configs, make_parser
    from training.rows import make_dataset
    from training.student import make_student, peft_config
    from training.tokens import tokenize

    flags = ["--config", str(CONFIG), "--base", str(BASE), "--rows", str(ROWS)]
    flags += ["--max_steps", str(WARM + STEPS), "--short_first", "0.001"]
    flags += ["--eval_strategy", "no", "--save_strategy", "no", "--disable_tqdm", "true"]
    configs = Configs(*make_parser().parse_args_and_config([*flags, "--output_dir", folder]))
    rows = make_dataset(configs.rows).select_columns(["prompt", "completion"])
    if arm == "trl":
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from trl import SFTConfig, SFTTrainer

        model = AutoModelForCausalLM.from_pretrained(BASE)
        told = SFTConfig(
            output_dir=folder,
            max_steps=WARM + STEPS,
            per_device_train_batch_size=BATCH,
            use_cpu=True,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        return SFTTrainer(
            model,
            told,
            train_dataset=rows,
            processing_class=AutoTokenizer.from_pretrained(BASE),
            peft_config=peft_config(configs.adapter, model),
        )
    from training.validation import ValidatedTrainer

    model, tokenizer = make_student(configs.student, 0)
    configs.sft.max_length = None
    trainer = ValidatedTrainer(
        model,
        configs.sft,
        train_dataset=tokenize(rows, tokenizer, None),
        processing_class=tokenizer,
        peft_config=peft_config(configs.adapter, model),
    )
    trainer.shared_prompt, trainer.short_first = True, configs.feed.short_first
    return trainer


def measure(arm: str) -> dict[str, float]:
    """Train an arm; what was measured after its first steps."""
    from transformers import TrainerCallback

    started, seen = 0.0, 0

    class Clock(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, *others: Any, **kwargs: Any) -> None:
            nonlocal seen, started
            if state.global_step == WARM:
                seen, started = 0, time.perf_counter()

    with tempfile.TemporaryDirectory() as folder:
        trainer = make_trainer(arm, folder)
        step = trainer.training_step

        def counted(model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            nonlocal seen
            seen += int((inputs["labels"] != -100).sum())
            return step(model, inputs, *args, **kwargs)

        trainer.training_step = counted
        trainer.add_callback(Clock())
        trainer.train()
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"tokens": seen, "seconds": round(seconds, 2), "peak_gb": round(peak, 2)}


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    print(json.dumps(measure(sys.argv[1])))
