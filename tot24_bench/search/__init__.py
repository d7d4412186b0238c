"""Searches around a model: Tree of Thoughts in many calls, and its kin, batched and counted."""

from tot24_bench.search.settings import (
    SEARCH_METHODS,
    SEARCH_TASK,
    USED,
    HandSearch,
    SearchReport,
    SearchSettings,
    first_prompt,
)
from tot24_bench.search.tree import Node, SearchTree
