"""Transcripts: the responses that others have, in the formats in which they have them.

    for rollouts in read_transcript(Path("samples_game24_cot.jsonl")):
        rollouts.puzzle, rollouts.responses, rollouts.source_line

A format is one reader from a JSON record to `Rollouts`; how records stand in a file (one a line, or
in an array) is a question apart. Nothing here holds more of a file than one record.

>>> ", ".join(FORMATS)
'lm-eval, openai-batch, slm-tot, slm-tot-teacher, tree-of-thought-llm, plain'
"""

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
    "Rollouts",
    "Transcript",
    "read_transcript",
]
