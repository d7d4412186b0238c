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
    STEP_METHODS,
    NotAState,
    build_any,
    propose_prompt,
    value_prompt,
)

__all__ = [
    "ALL_METHODS",
    "DEFAULT_VARIANT",
    "METHODS",
    "METHOD_NAMES",
    "SHOTS",
    "STEP_METHODS",
    "VARIANTS",
    "Exemplar",
    "NotAState",
    "Prompt",
    "UnknownMethod",
    "UnknownVariant",
    "build",
    "build_any",
    "instruction",
    "pick",
    "propose_prompt",
    "question",
    "value_prompt",
    "variant_of",
    "worked",
]
