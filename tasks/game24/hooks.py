"""The hooks that the YAML files of this folder name. All of the work is done in tot24_bench."""

from tot24_bench.harness.task_hooks import (
    ExemplarSampler,
    dataset,
    doc_to_target,
    doc_to_text,
    exemplars,
    keep_all,
    process_results,
)

__all__ = [
    "ExemplarSampler",
    "dataset",
    "doc_to_target",
    "doc_to_text",
    "exemplars",
    "keep_all",
    "process_results",
]
