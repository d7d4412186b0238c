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

__all__ = [
    "DEFAULT_VARIANT",
    "METHODS",
    "METHOD_NAMES",
    "SHOTS",
    "VARIANTS",
    "Exemplar",
    "Prompt",
    "UnknownMethod",
    "UnknownVariant",
    "build",
    "instruction",
    "pick",
    "question",
    "variant_of",
    "worked",
]
