"""The finished student as a folder: merged weights, tokenizer, record, adapter, picture.

Everything is written beside the folder first and moved in at the end, the record last: a folder
with a record is whole, whatever the disk did.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.adapter import ADAPTER, is_adapted, merge, save_adapter
from training.plots import PLOT, plot

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

RECORD = "training.json"
"""The record beside the exported weights."""


def export(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    record: dict[str, Any],
    folder: Path,
    dtype: torch.dtype,
) -> None:
    """Write the student; an adapter is merged into its weights and saved beside them.

    Args:
        model: the trained student.
        tokenizer: of the student.
        record: what reproduces it; `parameters` is set here.
        folder: where; other files in it stay.
        dtype: of the weights.

    Raises:
        OSError: it cannot be written; then `folder` has no record.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    shutil.rmtree(new, ignore_errors=True)
    try:
        new.mkdir()
        if is_adapted(model):
            save_adapter(model, new)
            model = merge(model)
        record["parameters"] = model.num_parameters()
        model.to(dtype).save_pretrained(new)
        tokenizer.save_pretrained(new)
        plot(record["log"], new / PLOT, folder.resolve().name)
        (new / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        _put(new, folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _put(new: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / RECORD).unlink(missing_ok=True)
    shutil.rmtree(folder / ADAPTER, ignore_errors=True)
    # Of an earlier export in more or fewer pieces: it would be loaded in place of the new weights.
    for old in (*folder.glob("model*.safetensors"), *folder.glob("model*.safetensors.index.json")):
        old.unlink()
    for path in sorted(new.iterdir(), key=lambda path: path.name == RECORD):
        os.replace(path, folder / path.name)
