"""The exact solver as a teacher: what it writes, what it knows, and how it corrects a student."""

from tot24_bench.teachers.solver.correction import (
    MAX_CORRECTED_LINES,
    CannotCorrect,
    CorrectionConfig,
    correct,
)
from tot24_bench.teachers.solver.curriculum import (
    AVOIDABLE,
    DEAD_END,
    EXPLORE,
    CannotTeach,
    Curriculum,
)
from tot24_bench.teachers.solver.look_ahead import HIT, LETTERS, put_together
from tot24_bench.teachers.solver.teacher import (
    SolverSettings,
    SolverTeacher,
    judgement_lines,
    write,
    write_response,
)
from tot24_bench.teachers.solver.truth import line_of, plausible_thoughts
