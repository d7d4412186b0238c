"""A picture of a run, from its log: loss, accuracy on `val`, and what the searches look like."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PLOT = "training.png"

_PANELS = (
    ("loss a token", (("loss", "training rows"), ("eval_loss", "val"))),
    (
        "share of responses to val",
        (("eval_val_acc", "right"), ("eval_val_truncated", "cut off")),
    ),
    (
        "a response to val",
        (
            ("eval_val_thoughts", "thoughts"),
            ("eval_val_backtracks", "backtracks"),
            ("eval_val_dead_ends", "dead ends marked"),
            ("eval_val_revisits", "states come to again"),
        ),
    ),
    (
        "share that is wrong",
        (
            ("eval_val_dead_ends_wrong", "of the dead ends marked"),
            ("eval_val_false_thoughts", "of the thoughts"),
        ),
    ),
)


def plot(log: Sequence[dict[str, Any]], path: Path, title: str) -> bool:
    """Draw the log; False, with a note, where matplotlib is not installed.

    Args:
        log: `log_history` of the trainer.
        path: of the PNG.
        title: of the picture.

    Raises:
        OSError: it cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        note = f"no {path.name}: pip install 'tot24-bench[plots]' has it drawn"
        print(f"training.sft: {note}", file=sys.stderr)
        return False
    figure = Figure(figsize=(10, 7), layout="constrained")
    figure.suptitle(title)
    for axes, (name, lines) in zip(figure.subplots(2, 2).flat, _PANELS, strict=True):
        for key, label in lines:
            points = [(entry["step"], float(entry[key])) for entry in log if key in entry]
            if points:
                axes.plot(*zip(*points, strict=True), label=label, marker="." * (len(points) < 40))
        axes.set(xlabel="step", ylabel=name)
        axes.set_ylim(bottom=0)
        if axes.lines:
            axes.legend(fontsize=8)
    figure.savefig(path, dpi=120)
    return True
