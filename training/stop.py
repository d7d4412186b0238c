"""Stop a run at a step of a longer schedule: the learning rate is still high where it stops.

For training in parts: the next part starts from the exported student with rows or a schedule of its
own, and its record holds the record of the part before.
"""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback


class StopAfter(TrainerCallback):  # type: ignore[misc]
    """Ends training once `steps` optimizer steps are done.

    Args:
        steps: the last step to take; a multiple of the saving steps keeps its checkpoint.
    """

    def __init__(self, steps: int) -> None:
        self._steps = steps

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Ask the trainer to stop where the step is reached."""
        if state.global_step >= self._steps:
            control.should_training_stop = True
