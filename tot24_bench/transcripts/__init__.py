"""Transcripts: the responses that others have, in the formats in which they have them.

    for rollouts in read_transcript(Path("samples_game24_cot.jsonl")):
        rollouts.puzzle, rollouts.responses, rollouts.source_line

A format is one reader from a JSON record to `Rollouts`; how records stand in a file (one a line,
in an array, laid out over lines) is a question apart. Nothing here holds more of a file than one
record.

>>> ", ".join(FORMATS)
'lm-eval, openai-batch, anthropic-batch, gemini-batch, slm-tot, slm-tot-teacher, \
tree-of-thought-llm, plain, verl, input-output, reasoning-gym'
"""

from tot24_bench.transcripts.plain import Keys
from tot24_bench.transcripts.reading import FORMATS, Transcript, read_transcript
from tot24_bench.transcripts.rollouts import (
    BadLines,
    BadRecord,
    BadTranscript,
    Rollouts,
)

__all__ = [
    "FORMATS",
    "BadLines",
    "BadRecord",
    "BadTranscript",
    "Keys",
    "Rollouts",
    "Transcript",
    "read_transcript",
]
