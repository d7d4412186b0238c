"""The searches by their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tot24_bench.game import Puzzle
from tot24_bench.search.calls import Search
from tot24_bench.search.mcts import mcts
from tot24_bench.search.responses import best_of_k, refine, self_consistency
from tot24_bench.search.settings import SearchSettings
from tot24_bench.search.tot import tot_bfs, tot_dfs

if TYPE_CHECKING:
    from lm_eval.api.model import LM

    from tot24_bench.search.search_model import SearchModel

SEARCHES: dict[str, Callable[[Puzzle, SearchSettings, int], Search]] = {
    "tot_bfs": tot_bfs,
    "tot_dfs": tot_dfs,
    "mcts": mcts,
    "self_consistency": self_consistency,
    "best_of_k": best_of_k,
    "refine": refine,
}
"""Each takes the puzzle, the settings and the number of exemplars that its prompts show."""


def around(base: LM, settings: SearchSettings, **more: Any) -> SearchModel:
    """A search around an lm-eval model, as an lm-eval model; `more` as of `SearchModel`."""
    from tot24_bench.search.search_model import SearchModel

    return SearchModel(base, settings, **more)


def register() -> None:
    """Make the model `tot24-search` known to this process's lm-eval."""
    from tot24_bench.search.search_model import register

    register()
