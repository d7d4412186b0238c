"""`tot24 eval --method`: a search around a model, its options and its progress."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Option

from tot24_bench.cli.terminal import say

if TYPE_CHECKING:
    from tot24_bench.search import Progress

PANEL = "Search (with --method)"
LOG_SECONDS = 10.0  # between two lines of progress where no terminal shows a bar

_METHODS = "tot_bfs, tot_dfs, mcts, self_consistency, best_of_k or refine"

Method = Annotated[
    str | None, Option(help=f"Search around the model: {_METHODS}.", rich_help_panel=PANEL)
]
Beam = Annotated[
    int | None, Option(help="tot_bfs: states kept of a level [5].", rich_help_panel=PANEL)
]
Select = Annotated[
    str | None, Option(help="tot_bfs: greedy, or sample by value [greedy].", rich_help_panel=PANEL)
]
Values = Annotated[
    str | None,
    Option(
        help="written: the model writes a judgement; one_pass: the likelihoods of its words "
        "[written].",
        rich_help_panel=PANEL,
    ),
]
ValueSamples = Annotated[
    int | None,
    Option("--value-samples", help="Judgements of a state [3].", rich_help_panel=PANEL),
]
Temperature = Annotated[
    float | None, Option(help="Of all that is written; 0 is greedy [0.7].", rich_help_panel=PANEL)
]
Nodes = Annotated[
    int | None,
    Option(help="tot_dfs, mcts: states that thoughts are asked for [50].", rich_help_panel=PANEL),
]
Prune = Annotated[
    float | None,
    Option(
        help="tot_dfs: least mean weight of a state to go on from; sure is 20, likely 1 [1].",
        rich_help_panel=PANEL,
    ),
]
Exploration = Annotated[
    float | None, Option(help="mcts: the constant of UCT [0.3].", rich_help_panel=PANEL)
]
Root = Annotated[
    str | None, Option(help="mcts: uct, or gumbel at the root [uct].", rich_help_panel=PANEL)
]
Oracle = Annotated[
    bool | None,
    Option(
        "--oracle-stop",
        help="tot_dfs, mcts: go on until the answer is right; the row says so.",
        rich_help_panel=PANEL,
    ),
]
PromptOf = Annotated[
    str | None,
    Option(
        "--prompt",
        help="self_consistency, best_of_k, refine: io, cot or onestep_tot [cot].",
        rich_help_panel=PANEL,
    ),
]
K = Annotated[
    int | None, Option("--k", help="Responses to a hand, or tries [10].", rich_help_panel=PANEL)
]
Choose = Annotated[
    str | None,
    Option(help="best_of_k: oracle, or the model's own value [oracle].", rich_help_panel=PANEL),
]
Votes = Annotated[
    str | None,
    Option(
        help="self_consistency: by text of the last line, or form of the answer [text].",
        rich_help_panel=PANEL,
    ),
]
AnswerBy = Annotated[
    str | None,
    Option(
        "--answer",
        help="The model writes a path's answer, or symbolic: code does [model].",
        rich_help_panel=PANEL,
    ),
]
Budget = Annotated[
    int | None,
    Option(
        "--max-tokens-per-hand",
        help="Prompt and completion tokens together; a search that has no more ends with the best "
        "it has.",
        rich_help_panel=PANEL,
    ),
]
SaveTrees = Annotated[
    Path | None,
    Option(
        "--save-trees", help="Write every hand's tree here (tot24 tree).", rich_help_panel=PANEL
    ),
]
Work = Annotated[
    Path | None,
    Option(
        help="File of the replies, kept: other searches of the model use them [default: one below "
        "runs/search, removed at the end].",
        rich_help_panel=PANEL,
    ),
]


def option(setting: str) -> str:
    """How a setting is written on the command line."""
    return f"--{'oracle-stop' if setting == 'oracle' else setting.replace('_', '-')}"


@contextmanager
def showing() -> Iterator[Callable[[Progress, int], None]]:
    """A bar on a terminal, or a line every LOG_SECONDS in a log: level, hands, speed, time left."""
    started = monotonic()
    bars: Any = None
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress as Bars

        bars = Bars(console=Console(stderr=True), transient=True)
        task = bars.add_task("searching", total=None)
        bars.start()
    level, level_began, last, before = 0, started, started, 0

    def show(so_far: Progress, hands: int) -> None:
        nonlocal level, level_began, last, before
        now = monotonic()
        if so_far.level != level:
            level, level_began, before = so_far.level, now, so_far.answered - 1
        if bars is None and now - last < LOG_SECONDS:
            return
        last = now
        rate = (so_far.answered - before) / max(now - level_began, 1e-6)
        left = (so_far.asked - so_far.answered) / max(rate, 1e-6)
        speed = so_far.tokens / max(now - started, 1e-6)
        line = (
            f"level {level}, {so_far.kinds} {so_far.answered:,} of {so_far.asked:,}; "
            f"hands {so_far.hands_done} of {hands}; {speed:,.0f} tokens/s; "
            f"{left:.0f} s left of this level"
        )
        if bars is None:
            say(line)
        else:
            bars.update(task, description=line, total=so_far.asked, completed=so_far.answered)

    try:
        yield show
    except KeyboardInterrupt:
        say("interrupted: the replies so far are kept. The same command goes on.")
        raise typer.Exit(130) from None  # as shells give it
    finally:
        if bars is not None:
            bars.stop()
