"""Puzzles, the exact solver, search states, and the splits. Standard library only."""

from tot24_bench.game.difficulty import BANDS, MAX_SEARCHED, Difficulty, difficulty
from tot24_bench.game.generated import (
    ALL_SPLITS,
    GENERATED,
    LARGEST_FRESH,
    BadDraw,
    draw,
    example_puzzles,
    is_split,
    load_split,
    parse_name,
    split_size,
)
from tot24_bench.game.inner_states import (
    SMALLEST_HAND,
    Numbers,
    Overlap,
    Tree,
    avoids_held_out_states,
    combine_trees,
    held_out_states,
    inner_states,
    overlap,
    sample_states,
    solved_by,
    trees_to,
    winning_inner_states,
)
from tot24_bench.game.puzzle import (
    LARGEST_CARD,
    MAX_HAND_CHARS,
    TARGET,
    Hand,
    InvalidPuzzle,
    Puzzle,
    Rule,
    read_numbers,
    read_puzzle,
    read_target,
)
from tot24_bench.game.puzzle_files import read_puzzles
from tot24_bench.game.reach import can_make, three_make, two_make
from tot24_bench.game.solver import (
    Solution,
    answer_expression,
    first_path,
    is_solvable,
    solve,
)
from tot24_bench.game.splits import (
    EXEMPLAR_IN_NO_SPLIT,
    HELD_OUT,
    SPLITS,
    LeakedHand,
    UnknownSplit,
    guard_parts,
    held_out_split_of,
    held_out_targets,
    is_test_hand,
    part_of,
)
from tot24_bench.game.states import (
    MEMO_STATES,
    Number,
    State,
    Thought,
    can_reach,
    combine,
    make_thought,
    thoughts,
)
