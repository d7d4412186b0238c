"""What the client raises, told apart: gone for good, not for this request, or perhaps next time.

`fault_of` reads an exception and gives a `Fault` for the request, raises `TeacherUnavailable` where
every other request would fare the same, or says which field the server does not know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from tot24_bench.teachers.openai_settings import (
    KEY_VARIABLE,
    OpenAISettings,
    redacted,
)
from tot24_bench.teachers.teacher import TeacherUnavailable

AGAIN = "run the same command again to go on"

DROPPABLE = ("n", "seed")
"""Fields that can be left out: without `n` samples are asked one by one."""

LIMIT_FIELDS = ("max_tokens", "max_completion_tokens")
"""Two names of one limit: servers that refuse one take the other."""

NAMED_FIXES = {
    "response_format": "this server has no structured output: leave --structured out",
    "temperature": "this model takes no such temperature: give the one that it names, or "
    "--teacher_args temperature=null",
    "top_p": "this model takes no such top_p: leave it out",
    "messages": "this model takes no chat messages: give --teacher_args completions=true",
}
"""Fields without which the answers would be others than asked for: what the user can do."""

_REFUSING = re.compile(
    r"unsupported|not support|unknown|unexpected|unrecognized|not permitted|not allowed|forbidden"
    r"|extra (?:inputs|fields|field)|additional propert|unavailable|not implemented|invalid param"
    r"|does not (?:exist|accept)|must be 1",
    re.IGNORECASE,
)
_CONTEXT = re.compile(
    r"context[ _](?:length|window|size)|maximum context|max_model_len|too long|exceeds? the"
    r" (?:model|maximum)|too many tokens",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"server is pinned to|model\b.{0,200}(?:not found|does not exist|not (?:served|loaded|avail))",
    re.IGNORECASE,
)
_POLICY = re.compile(r"content[ _](?:policy|filter|management)|responsible ?ai|safety", re.I)


class Fault(NamedTuple):
    """Why a request got no response, as `Failure` says it."""

    kind: str
    reason: str
    again: bool = True


class Refused(NamedTuple):
    """A field that the server does not take, and what it said."""

    field: str
    said: str


def fault_of(
    error: Exception, settings: OpenAISettings, key: str, sent: Iterable[str]
) -> Fault | Refused:
    """What a failed call means.

    Args:
        error: what the client raised, after its own tries.
        settings: of the teacher.
        key: never to appear.
        sent: the fields of the call's body.

    Raises:
        TeacherUnavailable: wrong key, no such model, no credit, a field that cannot be left out.
    """
    import openai

    if isinstance(error, openai.APITimeoutError):
        return Fault("timed out", f"no answer within {settings.timeout:g} s")
    if isinstance(error, openai.APIConnectionError):
        return Fault("connection lost", f"the connection to {settings.host} failed")
    if not isinstance(error, openai.APIStatusError):
        return Fault("client error", redacted(f"{type(error).__name__}: {error}", key))
    status = error.status_code
    said = redacted(_message(error), key)
    code = _code(error)
    gone(status, code, said, settings)
    if status == 429:
        return Fault("rate limited", said or "too many requests")
    if status in (400, 413, 422):
        return _refusal(status, code, said, _param(error), tuple(sent))
    return Fault(f"HTTP {status}", said or "no reason given", again=status >= 500 or status < 400)


def gone(status: int, code: str, said: str, settings: OpenAISettings) -> None:
    """Raise where an answer means that no request will ever be answered.

    Raises:
        TeacherUnavailable: with the fix.
    """
    told = f" ({said})" if said else ""
    if status == 401:
        raise TeacherUnavailable(
            f"{settings.host} does not accept the key: check {KEY_VARIABLE}{told}"
        )
    if status == 403:
        raise TeacherUnavailable(
            f"{settings.host} does not let this key use {settings.model!r}: give another --model, "
            f"or another key in {KEY_VARIABLE}{told}"
        )
    if status == 404 or code == "model_not_found" or (status == 400 and _NO_MODEL.search(said)):
        if status == 404 and not code and not settings.url.endswith("/v1"):
            raise TeacherUnavailable(
                f"there is no such page at {settings.host}: --base-url mostly ends in /v1{told}"
            )
        raise TeacherUnavailable(
            f"{settings.host} has no model {settings.model!r} there: check --model and --base-url"
            f"{told}"
        )
    if status == 402 or (status == 429 and code == "insufficient_quota"):
        raise TeacherUnavailable(f"the account has no credit left: add some, then {AGAIN}{told}")


def nobody_there(settings: OpenAISettings) -> TeacherUnavailable:
    """What to raise when there is no server at the address."""
    if settings.official:
        return TeacherUnavailable(f"{settings.host} cannot be reached: check the network")
    return TeacherUnavailable(
        f"nobody answers at {settings.host}: start the server, or give another --base-url"
    )


def _refusal(
    status: int, code: str, said: str, param: str, sent: tuple[str, ...]
) -> Fault | Refused:
    if code == "context_length_exceeded" or _CONTEXT.search(said):
        return Fault("prompt too long", said, again=False)
    if code in ("content_policy_violation", "content_filter") or _POLICY.search(said):
        return Fault("refused by policy", said, again=False)
    field = _named_field(said, param, sent)
    if field is not None:
        return Refused(field, said)
    return Fault(f"HTTP {status}", said or "the request is refused", again=False)


def _named_field(said: str, param: str, sent: tuple[str, ...]) -> str | None:
    known = [name for name in (*DROPPABLE, *NAMED_FIXES, *LIMIT_FIELDS) if name in sent]
    if "chat template" in said and "messages" in sent:
        return "messages"
    if param in known and param != "messages":
        return param
    if not _REFUSING.search(said):
        return None
    for name in sorted(known, key=len, reverse=True):
        if re.search(rf"['\"`\[(]{name}['\"`\])]", said):
            return name
    for name in sorted(known, key=len, reverse=True):
        if name != "messages" and re.search(rf"(?<![\w-]){name}(?![\w-])", said):
            return name
    return None


def _error_object(error: Any) -> dict[str, Any]:
    # The client unwraps {"error": {...}}, and gives text where the body was no JSON.
    body = error.body
    return body if isinstance(body, dict) else {}


def _message(error: Any) -> str:
    found = _error_object(error)
    for name in ("message", "detail", "error"):
        if value := found.get(name):
            return value if isinstance(value, str) else json.dumps(value, default=str)[:2000]
    return error.body if isinstance(error.body, str) else ""


def _code(error: Any) -> str:
    found = _error_object(error)
    code = found.get("code") or found.get("type")
    return code if isinstance(code, str) else ""


def _param(error: Any) -> str:
    param = _error_object(error).get("param")
    return param if isinstance(param, str) else ""
