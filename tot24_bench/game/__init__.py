"""Puzzles, the exact solver, search states, and the splits. Standard library only."""

from tot24_bench.game.difficulty import BANDS, MAX_SEARCHED, Difficulty, difficulty
from tot24_bench.game.few import three_make, two_make
from tot24_bench.game.generated import (
    GENERATED,
    LARGEST_FRESH,
    BadDraw,
    draw,
    example_puzzles,
    parse_name,
)
from tot24_bench.game.inner_states import (
    avoids_held_out_states,
    held_out_states,
    inner_states,
    sample_states,
    winning_inner_states,
)
from tot24_bench.game.loading import ALL_SPLITS, is_split, load_split, split_size
from tot24_bench.game.overlap import Overlap, overlap
from tot24_bench.game.parts import guard_parts, held_out_targets, is_test_hand, part_of
from tot24_bench.game.path import answer_expression, first_path
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
from tot24_bench.game.reach import can_make
from tot24_bench.game.solver import Solution, is_solvable, solve
from tot24_bench.game.splits import (
    EXEMPLAR_IN_NO_SPLIT,
    HELD_OUT,
    SPLITS,
    LeakedHand,
    UnknownSplit,
    guard_training_hands,
    held_out_split_of,
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
from tot24_bench.game.trees import SMALLEST_HAND, Numbers, Tree, solved_by, trees_to
from tot24_bench.game.trees import combine as combine_trees
