"""Traces: what teachers answered, in files that lose nothing, and the datasets made of them."""

from tot24_bench.traces.advice import nothing_kept
from tot24_bench.traces.dataset import read_dataset, require_free, require_licence, write_dataset
from tot24_bench.traces.dataset_reading import read_record
from tot24_bench.traces.filter import FilterConfig, select
from tot24_bench.traces.funnel import Funnel
from tot24_bench.traces.generate import Outcome, Wanted, generate, wanted
from tot24_bench.traces.guard import Guard
from tot24_bench.traces.held_out import held_out_split
from tot24_bench.traces.plots import SUFFIXES, draw
from tot24_bench.traces.published import published_traces
from tot24_bench.traces.reference import SAMPLES, SPLIT, build_reference
from tot24_bench.traces.rows import PromptConfig, require_together
from tot24_bench.traces.sources import DroppedTrace, Teacher
from tot24_bench.traces.spending import Amount, Spending, budget_of, noting
from tot24_bench.traces.stats import MEASURES, QUANTILES, Stats, collect, summary
from tot24_bench.traces.store import LAZY_SYNC_SECONDS, TraceFile, read_traces
from tot24_bench.traces.trace import Trace
