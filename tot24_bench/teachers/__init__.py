"""Teachers: who writes the traces that a student learns from.

The exact solver, models behind an API (`api`), checkpoints on this machine (`local`), and a student
whose searches the solver corrects.
"""

from tot24_bench.teachers.api import Budget
from tot24_bench.teachers.kinds import (
    KINDS,
    Beside,
    describe_settings,
    is_oracle,
    kind_of,
    make_teacher,
    serve,
)
from tot24_bench.teachers.solver import (
    DEAD_END,
    EXPLORE,
    HIT,
    LETTERS,
    CannotTeach,
    Curriculum,
    SolverSettings,
    SolverTeacher,
    judgement_lines,
    line_of,
    plausible_thoughts,
    put_together,
    write,
    write_response,
)
from tot24_bench.teachers.teacher import (
    EXACT_SEARCH,
    SOLVER,
    BudgetSpent,
    Failure,
    Finish,
    Reply,
    Request,
    Setting,
    Teacher,
    TeacherInfo,
    Usage,
    teacher_name,
)
