"""Searches around a model: Tree of Thoughts in many calls, and its kin, batched and counted."""

from tot24_bench.search.drawing import drawn, terminal_tree
from tot24_bench.search.picture import layout, svg
from tot24_bench.search.settings import (
    SEARCH_METHODS,
    SEARCH_TASK,
    USED,
    HandSearch,
    SearchReport,
    SearchSettings,
)
from tot24_bench.search.tree import MAX_NODES, Node, SearchTree, read_trees, tree_of_response
