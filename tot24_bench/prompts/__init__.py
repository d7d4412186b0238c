"""Instructions, exemplars and their rendering, for completion and chat models."""

from tot24_bench.prompts.exemplars import (
    DEFAULT_VARIANT,
    SHOTS,
    VARIANTS,
    Exemplar,
    UnknownVariant,
    pick,
)
from tot24_bench.prompts.prompt import (
    METHOD_NAMES,
    METHODS,
    Prompt,
    UnknownMethod,
    build,
    instruction,
    question,
    variant_of,
    worked,
)
from tot24_bench.prompts.propose_value import (
    ALL_METHODS,
    IMPOSSIBLE,
    JUDGEMENT,
    LIKELY,
    MAX_LEFT,
    STEP_METHODS,
    SURE,
    NotAState,
    build_any,
    build_step,
    step_instruction,
)
