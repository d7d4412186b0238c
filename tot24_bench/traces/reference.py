"""The reference dataset: what the exact solver writes for the train hands, rebuilt from a seed.

Nothing of it is stored but this recipe and the hash of its rows: whoever builds it has the same
rows as everybody else, or an error.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from tot24_bench.game import load_split
from tot24_bench.teachers import SolverSettings, SolverTeacher
from tot24_bench.traces.dataset import require_free, write_dataset
from tot24_bench.traces.dataset_record import DatasetRecord
from tot24_bench.traces.filter import select
from tot24_bench.traces.generate import generate, wanted
from tot24_bench.traces.store import LAZY_SYNC_SECONDS, TraceFile

SPLIT = "train"
METHOD = "onestep_tot"
SAMPLES = 16
SETTINGS = SolverSettings(explore=0.3, seed=0)
LICENCE = "Apache-2.0"

ROWS_SHA256 = "c6b5c7f50c2ec4556b090e46b3a9e639ed95a4969b3ecaf30b0640ab7c233c09"
"""Of the rows, as `DatasetRecord.sha256`; it changes when the solver teacher's writing does."""

FILE = "reference.jsonl"


class ReferenceDiffers(ValueError):
    """The rows that were built are not the reference dataset's."""


def build_reference(
    folder: Path, *, overwrite: bool = False, seen: Callable[[], None] = lambda: None
) -> DatasetRecord:
    """Write the reference dataset.

    Args:
        folder: where; its parent must exist.
        overwrite: whether to replace a dataset that is there.
        seen: called once a trace.

    Raises:
        BadDataset: the folder may not be written.
        ReferenceDiffers: the rows are others than those of ROWS_SHA256.
    """
    require_free(folder, overwrite)
    asked = wanted(load_split(SPLIT), METHOD, samples=SAMPLES)
    with tempfile.TemporaryDirectory() as scratch:
        traces = Path(scratch) / FILE
        with TraceFile.open(traces, sync_seconds=LAZY_SYNC_SECONDS) as file:
            generate(SolverTeacher(SETTINGS), asked, file, lambda _: seen())
        record = write_dataset(select([traces]), folder, licence=LICENCE, overwrite=overwrite)
    if record.sha256 != ROWS_SHA256:
        raise ReferenceDiffers(
            f"the rows have the hash {record.sha256}, the reference dataset {ROWS_SHA256}: "
            "this version's solver teacher writes otherwise"
        )
    return record
