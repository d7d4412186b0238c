r"""The tokenizer of the from-scratch students: one token a number, few tokens for the instruction.

Any text encodes: what the vocabulary does not hold falls back to bytes, and decoding gives back the
text exactly. Pieces of text that the prompts and the solver's traces are made of (numbers up to
312, ` + `, ` (left: `, `)\n`, `): dead end\n`, `d-c: `, ...) are one token each, and so is each
line of an instruction. The chat template writes the messages one after another, each closed by a
newline, so that a chat prompt is the same text as the plain prompt.

>>> tokenizer = build_tokenizer()
>>> tokenizer.convert_ids_to_tokens(tokenizer("13 - 1 = 12 (left: 4 12)\n")["input_ids"])
['13', 'Ġ-Ġ', '1', 'Ġ=Ġ', '12', 'Ġ(left:Ġ', '4', 'Ġ', '12', ')Ċ']
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tot24_bench.prompts import (
    IMPOSSIBLE,
    JUDGEMENT,
    LIKELY,
    METHODS,
    STEP_METHODS,
    SURE,
    instruction,
    step_instruction,
)
from tot24_bench.teachers import HIT, LETTERS

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

LARGEST_NUMBER_TOKEN = 312
"""24 * 13, the largest product that the solver teacher tries; larger numbers are read as digits."""

CONTEXT = 2048
"""Tokens of context: a 5-shot One-Step prompt is up to about 350, a response up to 896."""

_WORDS = (
    " (left: ",
    ")\n",
    "): dead end\n",
    "Input: ",
    "Steps:\n",
    "Path:\n",
    "Answer: ",
    "Back to ",
    "no solution",
    *(f" {sign} " for sign in "+-*/="),
    # A written look-ahead (`solver.look_ahead`): letters, `b/a: `, and `8 | 1 7: +8 -6 *7 !`.
    "a=",
    *(f" {letter}=" for letter in LETTERS[1:]),
    *(f"{i}{sign}{j}: " for i in LETTERS for j in LETTERS if i != j for sign in "+-*/"),
    "Path: ",
    " | ",
    ": ",
    HIT + "\n",
    *(f" {sign}" for sign in "+-*/"),
)

# The order matters: the first alternative that matches is one piece, and a piece that is in the
# vocabulary is one token. What no alternative covers stays between the pieces and becomes bytes.
# A number is one token whatever stands before it, so that copying one is copying a token.
_PIECES = (
    r" \(left: |\): dead end\n|\)\n|Input: |Steps:\n|Path:\n|Path: |Answer: |Back to |no solution"
    r"|[a-d][+\-*/][a-d]: |a=| [b-d]=| \| |: | !\n| [+\-*/](?=\d)| [+\-*/=] |\d+"
    r"|[()+\-*/=\n ]|[A-Za-z]+"
)

_CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message['content'].rstrip('\\n') + '\\n' }}{% endfor %}"
)


def add_step_tokens(tokenizer: PreTrainedTokenizerBase) -> int:
    """Give the instruction lines of a search's moves, and their judgements, tokens of their own.

    The judgements' words begin with their space, so that a prompt that ends in `Judgement:` is
    followed by one token. Returns how many tokens are new.
    """
    from tokenizers import AddedToken

    lines = [
        line
        for method in STEP_METHODS
        for line in step_instruction(method).splitlines(keepends=True)
    ]
    words = [JUDGEMENT.rstrip(), *(f" {word}" for word in (SURE, LIKELY, IMPOSSIBLE))]
    new = [AddedToken(text, normalized=False) for text in dict.fromkeys([*lines, *words])]
    return int(tokenizer.add_tokens(new))


def build_tokenizer() -> PreTrainedTokenizerFast:
    """The students' tokenizer; deterministic."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = [*map(str, range(LARGEST_NUMBER_TOKEN + 1)), *_WORDS]
    to_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    words = [to_bytes.pre_tokenize_str(piece)[0][0] for piece in pieces]
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys([*alphabet, *words]))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(_PIECES), behavior="isolated"), to_bytes]
    )
    tokenizer.decoder = decoders.ByteLevel()
    lines = dict.fromkeys(
        line for method in METHODS for line in instruction(method).splitlines(keepends=True)
    )
    tokenizer.add_tokens([AddedToken(line, normalized=False) for line in lines])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|end|>",
        pad_token="<|pad|>",
        model_max_length=CONTEXT,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = _CHAT_TEMPLATE
    return fast
