"""Where a run was when it stopped: its last whole checkpoint, and how long it had taken.

A checkpoint that was being written when the process died has no `trainer_state.json` yet and is
passed over. Seconds of training are kept beside the checkpoints, so that the record of a run that
was interrupted tells the time of all its parts.
"""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter
from typing import Any

from transformers import TrainerCallback, TrainerState

_STATE = "trainer_state.json"
_SECONDS = "seconds.json"


class AlreadyFinished(ValueError):
    """The run has ended and its student is exported; training it again needs a new folder."""


def last_whole_checkpoint(output_dir: str) -> Path | None:
    """The checkpoint with the most steps among those that were written to the end."""
    steps = {
        int(path.name.removeprefix("checkpoint-")): path
        for path in Path(output_dir).glob("checkpoint-*")
        if path.name.removeprefix("checkpoint-").isdigit() and (path / _STATE).is_file()
    }
    return steps[max(steps)] if steps else None


def is_finished(checkpoint: Path | None, stop_after: int | None = None) -> bool:
    """Whether the checkpoint is the end of its run, or of the part that ends at `stop_after`."""
    if checkpoint is None:
        return False
    state = TrainerState.load_from_json(str(checkpoint / _STATE))
    return bool(state.global_step >= min(state.max_steps, stop_after or state.max_steps))


class Stopwatch(TrainerCallback):  # type: ignore[misc]
    """Adds up the seconds of training over all parts of a run.

    Args:
        output_dir: the run's folder.
        resumed: whether the run goes on; otherwise the count starts at nothing.
    """

    def __init__(self, output_dir: str, resumed: bool) -> None:
        self._file = Path(output_dir) / _SECONDS
        self._before = 0.0
        if resumed and self._file.is_file():
            self._before = float(json.loads(self._file.read_text(encoding="utf-8")))
        self._started = perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds so far, those of earlier parts included."""
        return self._before + perf_counter() - self._started

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Note the seconds with each checkpoint; what comes after the last one is not kept."""
        if state.is_world_process_zero:
            self._file.write_text(json.dumps(round(self.seconds, 1)), encoding="utf-8")
