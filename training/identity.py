"""What makes a run the run that it is, kept in each checkpoint: only the same run goes on.

A checkpoint of another student, other rows or another schedule would load without a word, or end
in a page of shapes. Here the difference is named, with what to do.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FILE = "tot24_run.json"

ROWS = "rows_sha256"
"""Key of the hash of the rows: not known before they are made, so it has a check of its own."""

SCHEDULE = (
    "adam_beta1",
    "adam_beta2",
    "adam_epsilon",
    "bf16",
    "fp16",
    "data_seed",
    "learning_rate",
    "lr_scheduler_type",
    "max_grad_norm",
    "max_length",
    "max_steps",
    "num_train_epochs",
    "optim",
    "packing",
    "seed",
    "train_sampling_strategy",
    "warmup_steps",
    "weight_decay",
)
"""Settings of TRL and transformers that decide what is learned in which step."""


class AnotherRun(ValueError):
    """The checkpoint belongs to a run with other settings; the message names them and the fix."""


class KeepIdentity(TrainerCallback):  # type: ignore[misc]
    """Writes the settings into every checkpoint.

    Args:
        settings: by name, as JSON holds them.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self._text = json.dumps(settings, indent=1, sort_keys=True, default=str) + "\n"

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """The checkpoint is there by now."""
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        if state.is_world_process_zero and folder.is_dir():
            (folder / FILE).write_text(self._text, encoding="utf-8")


def require_same_run(checkpoint: Path, settings: dict[str, Any]) -> None:
    """Refuse a checkpoint of other settings; one that says nothing is let through.

    Raises:
        AnotherRun: names what differs.
    """
    there = _told(checkpoint)
    if not there:
        return
    there.pop(ROWS, None)
    here = json.loads(json.dumps(settings, default=str))
    differ = differences(here, there, sorted({**there, **here}))
    if differ:
        more = f" and {len(differ) - 4} more" if len(differ) > 4 else ""
        raise AnotherRun(f"{checkpoint} is of another run: {', '.join(differ[:4])}{more}: {_FIX}")


def differences(
    here: Mapping[str, Any], there: Mapping[str, Any], names: Iterable[str]
) -> list[str]:
    """What a run and an earlier one do not agree on, each as words.

    >>> differences({"seed": 1, "rows": 5}, {"seed": 0, "rows": 5}, ["seed", "rows"])
    ['seed is 1 here and 0 there']
    """
    return [
        f"{name} is {here.get(name)!r} here and {there.get(name)!r} there"
        for name in names
        if here.get(name) != there.get(name)
    ]


def require_same_rows(checkpoint: Path, sha256: str) -> None:
    """Refuse a checkpoint of other rows; one that does not tell its own is let through.

    Raises:
        AnotherRun: the settings are the same, so other code or other data made the rows.
    """
    if _told(checkpoint).get(ROWS, sha256) != sha256:
        raise AnotherRun(
            f"{checkpoint} is of other rows, by the same settings: restore the code and the data "
            "that it began with, or give another --output_dir, or start anew with --resume false"
        )


def require_same_shape(checkpoint: Path, model: PreTrainedModel, adapted: bool) -> None:
    """Refuse a checkpoint whose weights are not this student's, before anything is loaded.

    Raises:
        AnotherRun: names the first weight that differs.
    """
    has_adapter = (checkpoint / "adapter_config.json").is_file()
    if has_adapter != adapted:
        said = "holds an adapter" if has_adapter else "holds whole weights"
        wanted = "an adapter" if adapted else "every weight"
        raise AnotherRun(f"{checkpoint} {said}, and this run trains {wanted}: {_FIX}")
    there = _shapes(checkpoint / ("adapter_model" if adapted else "model"))
    if adapted:
        from peft import get_peft_model_state_dict

        here = {k: tuple(v.shape) for k, v in get_peft_model_state_dict(model).items()}
    else:
        here = {k: tuple(v.shape) for k, v in model.state_dict().items()}
    for name, shape in there.items():
        if here.get(name) != shape:
            raise AnotherRun(
                f"{checkpoint} is of another student: {name} is {here.get(name, 'absent')} here "
                f"and {shape} there: {_FIX}"
            )


def _told(checkpoint: Path) -> dict[str, Any]:
    """What a checkpoint says of its run; nothing where it is an older one's."""
    file = checkpoint / FILE
    if not file.is_file():
        return {}
    told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return told


def _shapes(stem: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of the weights in a file; nothing where they lie in several, or in pieces."""
    from safetensors import safe_open

    file = stem.with_name(f"{stem.name}.safetensors")
    if not file.is_file():
        return {}
    with safe_open(str(file), "pt") as weights:
        return {name: tuple(weights.get_slice(name).get_shape()) for name in weights.keys()}  # noqa: SIM118


_FIX = "give another --output_dir, or set these back, or start anew with --resume false"
