"""Real runs of lm-eval on tiny random checkpoints, written as its `--output_path` writes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tot24_bench.harness import tasks_path


def make_neox(folder: Path, seed: int = 0) -> Path:
    """A GPT-NeoX of 10,000 random weights with a tokenizer of bytes: nobody's architecture here."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(seed)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: place for place, letter in enumerate([*letters, "<|end|>"])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    config = GPTNeoXConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=4096,
        bos_token_id=vocabulary["<|end|>"],
        eos_token_id=vocabulary["<|end|>"],
    )
    GPTNeoXForCausalLM(config).save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|end|>"
    ).save_pretrained(folder)
    return folder


def run_lm_eval(
    output: Path,
    checkpoint: Path,
    tasks: tuple[str, ...] = ("game24_io",),
    *,
    limit: int = 3,
    shots: int = 0,
    metadata: dict[str, Any] | None = None,
    generation: dict[str, Any] | None = None,
    **options: Any,
) -> Path:
    """What the command does, without reading lm-eval's 14,700 other tasks first."""
    from lm_eval import simple_evaluate
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    tracker = EvaluationTracker(output_path=str(output))
    manager = TaskManager(
        include_path=str(tasks_path()),
        include_defaults=False,
        metadata={"pretrained": str(checkpoint), **(metadata or {})},
    )
    results = simple_evaluate(
        model="hf",
        model_args={"pretrained": str(checkpoint)},
        tasks=list(tasks),
        num_fewshot=shots,
        batch_size=8,
        device="cpu",
        limit=limit,
        gen_kwargs=generation or {"max_gen_toks": 8},
        task_manager=manager,
        evaluation_tracker=tracker,
        bootstrap_iters=0,
        log_samples=True,
        fewshot_as_multiturn=options.pop("fewshot_as_multiturn", False),
        **options,
    )
    samples = results.pop("samples", None)
    tracker.save_results_aggregated(results=results, samples=samples)
    for task, rows in (samples or {}).items():
        tracker.save_results_samples(task_name=task, samples=rows)
    return output


def results_file(output: Path) -> Path:
    """The one results file below a folder."""
    (found,) = output.rglob("results_*.json")
    return found


def edit_results(output: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the results file."""
    path = results_file(output)
    results = json.loads(path.read_text(encoding="utf-8"))
    change(results)
    path.write_text(json.dumps(results), encoding="utf-8")


def edit_samples(output: Path, change: Callable[[list[dict[str, Any]]], None]) -> Path:
    """Change the records of the one samples file."""
    (path,) = output.rglob("samples_*.jsonl")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    change(rows)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
