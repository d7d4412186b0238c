"""Was a response cut off by the token limit? lm-eval hands its tasks text, not token counts.

The tokens are counted with the model's own tokenizer, whose name lm-eval passes along with the
model's arguments (`tokenizer`, else `pretrained`). It is loaded only when a response is long
enough (a token is at least a byte) for the question to arise. For a model whose arguments name no
tokenizer that can be loaded nothing is known, and nothing is called truncated; a warning says so
once.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

log = logging.getLogger(__name__)


class TruncationCheck:
    """Tells whether a response used up its tokens, for one model.

    Args:
        model_args: lm-eval's model arguments as it passes them to a task.
    """

    def __init__(self, model_args: Mapping[str, Any]) -> None:
        name = model_args.get("tokenizer") or model_args.get("pretrained")
        self._name = name if isinstance(name, str) else None
        self._revision = str(model_args.get("revision") or "main")
        self._trusted = model_args.get("trust_remote_code") is True

    def __call__(self, response: str, limit: int) -> bool:
        """Whether the response holds at least `limit` tokens."""
        if len(response.encode("utf-8", "replace")) < limit:
            return False
        tokenizer = _load(self._name, self._revision, self._trusted) if self._name else None
        if tokenizer is None:
            _warn_once()
            return False
        return count_tokens(tokenizer, response) >= limit


def count_tokens(tokenizer: Any, text: str) -> int:
    """The tokens of a response, counted from its text.

    A token of bytes that are no UTF-8 stands in the text as one U+FFFD. As text that sign has three
    bytes, which some tokenizers make three tokens of, so each is counted as the one that it was.
    """
    broken = text.count("\ufffd")
    known = text.replace("\ufffd", "") if broken else text
    return len(tokenizer(known, add_special_tokens=False)["input_ids"]) + broken


@lru_cache(maxsize=4)
def _load(name: str, revision: str, trusted: bool) -> PreTrainedTokenizerBase | None:
    """The tokenizer; None where it cannot be loaded, which must not cost a finished run."""
    from transformers import AutoTokenizer

    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            name, revision=revision, trust_remote_code=trusted
        )
    except Exception as error:
        log.warning("cannot load the tokenizer %s: %s", name, str(error).partition("\n")[0][:200])
        return None
    return tokenizer


@lru_cache(maxsize=1)
def _warn_once() -> None:
    log.warning(
        "cannot tell which responses were cut off by the token limit: "
        "add tokenizer=NAME to --model_args to have `truncated` counted"
    )
