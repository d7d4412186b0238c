"""Searches around a model: Tree of Thoughts in many calls, and its kin, batched and counted."""

from tot24_bench.search.backend import Backend, ModelFailed
from tot24_bench.search.calls import BudgetSpent, Call, Found, Reply, Search
from tot24_bench.search.drawing import (
    FAULTS,
    MAX_TRUE_LEFT,
    drawn,
    is_true,
    terminal_tree,
    truth_of_state,
)
from tot24_bench.search.methods import SEARCHES, around, register
from tot24_bench.search.picture import layout, svg
from tot24_bench.search.replies import BadReplies, ReplyStore
from tot24_bench.search.responses import by_votes, states_of
from tot24_bench.search.scheduler import BudgetTooSmall, Ended, Progress, Run
from tot24_bench.search.settings import (
    SEARCH_METHODS,
    USED,
    CannotAsk,
    HandSearch,
    SearchReport,
    SearchSettings,
    first_prompt,
    read_settings,
)
from tot24_bench.search.tree import (
    DEAD_END,
    MAX_NODES,
    SURE,
    Node,
    SearchTree,
    read_trees,
    tree_of_analysis,
    tree_of_response,
)
