"""Traces: what teachers answered, in files that lose nothing, and the datasets made of them."""

from tot24_bench.traces.dataset import (
    SAMPLES,
    SPLIT,
    build_reference,
    read_dataset,
    read_record,
    require_free,
    require_licence,
    write_dataset,
)
from tot24_bench.traces.filter import DroppedTrace, FilterConfig, TeacherShare, select
from tot24_bench.traces.funnel import Funnel, nothing_kept
from tot24_bench.traces.generate import Outcome, Wanted, generate, published_traces, wanted
from tot24_bench.traces.leaks import Guard, held_out_split
from tot24_bench.traces.rows import PromptConfig, require_together
from tot24_bench.traces.spending import Amount, Spending, budget_of, noting
from tot24_bench.traces.stats import MEASURES, QUANTILES, SUFFIXES, Stats, collect, draw, summary
from tot24_bench.traces.store import LAZY_SYNC_SECONDS, Trace, TraceFile, read_traces
