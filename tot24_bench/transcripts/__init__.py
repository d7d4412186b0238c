"""Transcripts: the responses that others have, in the formats in which they have them.

    for rollouts in read_transcript(Path("samples_game24_cot.jsonl")):
        rollouts.puzzle, rollouts.responses, rollouts.source_line

A format says how a record is recognised and where its hand and responses stand; how records stand
in a file (one a line, in an array, laid out over lines) is a question apart. Nothing here holds
more of a file than one record.

>>> ", ".join(FORMATS)
'lm-eval, openai-batch, anthropic-batch, gemini-batch, slm-tot, slm-tot-teacher, \
tree-of-thought-llm, plain, verl, input-output, reasoning-gym'
"""

from tot24_bench.transcripts.fields import (
    CARDS,
    BadLines,
    BadRecord,
    BadTranscript,
    Rollouts,
    in_deck,
    number_or_none,
    numbers_of,
)
from tot24_bench.transcripts.formats import FORMATS, HAND_KEYS, Keys, lm_eval_reader
from tot24_bench.transcripts.json_reader import json_records
from tot24_bench.transcripts.ranks import ranks_by_hand
from tot24_bench.transcripts.reading import Transcript, read_transcript
