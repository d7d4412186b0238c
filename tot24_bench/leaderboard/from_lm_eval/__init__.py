"""Read what plain `lm_eval` wrote: its folder, its prompts, and the machine that it ran on."""

from tot24_bench.leaderboard.from_lm_eval.environment import changed_since, parameters_of
from tot24_bench.leaderboard.from_lm_eval.folder import BadResults, check_file
from tot24_bench.leaderboard.from_lm_eval.results import FromLmEval, read_results
