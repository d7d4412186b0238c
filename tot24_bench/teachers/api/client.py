"""Talks to an OpenAI-compatible server: one loop of retries, one pause for all, errors told apart.

A request ends in one of four ways: its text; `ApiError`, nobody answered it; `FieldRefused`, the
server does not know a field; or `TeacherUnavailable`, no other request would fare better. The
official client sends, with its own retries off.
"""

from __future__ import annotations

import asyncio
import difflib
import email.utils
import json
import logging
import math
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import httpx2
import openai
from pydantic import Field, ValidationError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential_jitter

from tot24_bench.teachers.api.settings import KEY_VARIABLE, OpenAISettings, redacted
from tot24_bench.teachers.api.wire import AnswerPart, Lenient
from tot24_bench.teachers.teacher import TeacherUnavailable

log = logging.getLogger(__name__)

AGAIN = "run the same command again to go on"

MAX_BODY_BYTES = 64_000_000  # of one answer: 128 responses of 100,000 tokens
# of a batch's result file; 50,000 calls of 8 responses of 1,000 tokens take 2 GB
MAX_RESULT_BYTES = 16 * 2**30

FIRST_WAIT_SECONDS, MAX_WAIT_SECONDS = 0.25, 8.0
"""Before the second try, twice as long before each that follows, and a little longer at random."""

MAX_PAUSES = 30  # tries of a request whose server says each time how long to wait
MAX_PAUSE_SECONDS = 900.0  # a longer pause is the user's to wait for, not a process's
START_SECONDS = 30.0  # to list the models: a server that is loading them answers slowly
MAX_NAMED = 5  # models that a message names

TIMED_OUT, CONNECTION_LOST = "timed out", "connection lost"

PAUSING = (429, 503)
PASSING = (408, 409, 429)  # statuses below 500 that another try may mend
MAYBE_BILLED = (408, 502, 504, *range(520, 525))  # gateways: behind them a model may have answered

DROPPABLE = ("n", "seed")  # fields that can be left out: without `n` samples are asked one by one
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

_T = TypeVar("_T")


@dataclass(eq=False)
class ApiError(Exception):
    """A request that nobody answered."""

    kind: str  # the fault in two or three words, to be counted
    reason: str  # one line for people, without a key
    again: bool = True  # whether asking again may ever help
    retry: bool = False  # whether another try at once may
    lost: bool = False  # whether it may have been answered, and billed, all the same
    paused: bool = False  # whether the server said how long to wait


@dataclass(eq=False)
class FieldRefused(Exception):
    """A field that the server does not take, and what it said."""

    field: str
    said: str


class NotFound(TeacherUnavailable):
    """There is no such model, or no such page."""


class Api:
    """One server; the key appears in no message."""

    def __init__(self, settings: OpenAISettings, key: str) -> None:
        self.settings = settings
        self.key = key
        self.client = _client(settings, key)
        self._open_at = 0.0

    async def close(self) -> None:
        """Give up the connections."""
        with suppress(OSError, RuntimeError):
            await self.client.close()

    async def insist(self, call: Callable[[], Awaitable[_T]], retries: int | None = None) -> _T:
        """What a call brings, tried again while it fails in a way that may pass."""
        most = self.settings.max_retries if retries is None else retries
        backoff = wait_exponential_jitter(FIRST_WAIT_SECONDS, MAX_WAIT_SECONDS, jitter=0.25)

        def paused(state: RetryCallState) -> bool:
            error = state.outcome and state.outcome.exception()
            return isinstance(error, ApiError) and error.paused

        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, ApiError) and error.retry),
            stop=lambda state: (
                state.attempt_number > (max(MAX_PAUSES, most) if paused(state) else most)
            ),
            # A pause that the server asks for is waited for by every call, in `pause`.
            wait=lambda state: 0.0 if paused(state) else backoff(state),
            reraise=True,
        )

        async def attempt() -> _T:
            return await call()

        return await retrying(attempt)

    async def pause(self) -> None:
        """Wait while the server asks for it, so that no call hammers on while another one waits."""
        while (wait := self._open_at - time.monotonic()) > 0:
            if wait > MAX_PAUSE_SECONDS:
                raise TeacherUnavailable(f"the server asks to wait {wait:.0f} s: then {AGAIN}")
            await asyncio.sleep(wait)

    async def post(self, path: str, body: dict[str, Any]) -> str:
        """As `send`: the text that answers one POST."""
        return await self.send(lambda c: c.post(path, body=body, cast_to=str), body)

    async def get(self, path: str) -> str:
        """As `send`: the text that answers one GET."""
        return await self.send(lambda client: client.get(path, cast_to=str))

    async def send(
        self, call: Callable[[openai.AsyncOpenAI], Awaitable[_T]], fields: Iterable[str] = ()
    ) -> _T:
        """Make one try of a call with the client.

        Raises:
            ApiError: nobody answered.
            FieldRefused: one of the fields of the body.
            TeacherUnavailable: no call will be answered.
        """
        await self.pause()
        try:
            return await call(self.client)
        except (openai.OpenAIError, httpx2.HTTPError, ValueError) as error:
            caught = error
        # Outside of the handler: what is raised must not drag the request's headers along.
        raise self._told(caught, tuple(fields)) from None

    def _told(self, error: Exception, fields: tuple[str, ...]) -> Exception:
        """What a failed try means."""
        if isinstance(error, openai.APIStatusError):
            return self._status(error, fields)
        cause = error.__cause__ if isinstance(error, openai.APIConnectionError) else error
        unsent = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
        lost = not isinstance(cause, unsent)
        if isinstance(cause, httpx2.TimeoutException):
            within = f"no answer within {self.settings.timeout:g} s"
            return ApiError(TIMED_OUT, within, retry=True, lost=lost)
        if isinstance(error, openai.APIConnectionError | httpx2.HTTPError):
            failed = f"the connection to {self.settings.host} failed"
            return ApiError(CONNECTION_LOST, failed, retry=True, lost=lost)
        said = redacted(f"{type(error).__name__}: {error}", self.key)
        return ApiError("client error", said, lost=True)

    def _status(self, error: openai.APIStatusError, fields: tuple[str, ...]) -> Exception:
        status, said = error.status_code, redacted(_message(error.body), self.key)
        code = _text(error.body, "code") or _text(error.body, "type")
        if (unavailable := self._unavailable(status, code, said)) is not None:
            return unavailable
        seconds = retry_after(error.response.headers) if status in PAUSING else None
        if seconds is not None:
            self._open_at = max(self._open_at, time.monotonic() + seconds)
        if status in (400, 413, 422):
            return _refusal(status, code, said, _text(error.body, "param"), fields)
        passes = status >= 500 or status in PASSING
        return ApiError(
            "rate limited" if status == 429 else f"HTTP {status}",
            said or ("too many requests" if status == 429 else "no reason given"),
            again=passes or status < 400,
            retry=passes,
            lost=status in MAYBE_BILLED,
            paused=seconds is not None,
        )

    def _unavailable(self, status: int, code: str, said: str) -> TeacherUnavailable | None:
        """What to raise where no request will ever be answered."""
        host, model = self.settings.host, self.settings.model
        kind, fault = TeacherUnavailable, ""
        if status == 401:
            fault = f"{host} does not accept the key: check {KEY_VARIABLE}"
        elif status == 403:
            fix = f"give another --model, or another key in {KEY_VARIABLE}"
            fault = f"{host} does not let this key use {model!r}: {fix}"
        elif status == 402 or (status == 429 and code == "insufficient_quota"):
            fault = f"the account has no credit left: add some, then {AGAIN}"
        elif status == 404 and not code and not self.settings.url.endswith("/v1"):
            kind, fault = (
                NotFound,
                f"there is no such page at {host}: --base-url mostly ends in /v1",
            )
        elif status == 404 or code == "model_not_found" or _NO_MODEL.search(said * (status == 400)):
            fix = "check --model and --base-url"
            kind, fault = NotFound, f"{host} has no model {model!r} there: {fix}"
        return kind(f"{fault} ({said})" if said else fault) if fault else None

    async def look(self) -> int | None:
        """Look at the server before anything is asked; the tokens that the model holds, if it says.

        Raises:
            TeacherUnavailable: no server, a key that it does not take, a model that it has not.
        """
        settings = self.settings
        options: Any = {
            # A server that fails here may close the connection; the first call must not reuse it.
            "headers": {"Connection": "close"},
            "timeout": min(START_SECONDS, settings.timeout),
        }

        async def ask() -> str:
            return await self.send(lambda c: c.get("/models", cast_to=str, options=options))

        try:
            listed = _Models.model_validate_json(await self.insist(ask, retries=1)).data
        except ApiError as fault:
            if fault.kind == CONNECTION_LOST:
                fix = "start the server, or give another --base-url"
                fix = "check the network" if settings.official else fix
                raise TeacherUnavailable(f"nobody answers at {settings.host}: {fix}") from None
            if fault.kind == TIMED_OUT:
                log.warning("%s does not list its models; asking it nevertheless", settings.host)
            return None
        except (NotFound, ValidationError):  # a server without a list is asked nevertheless
            return None
        models = {model.id: model for model in listed if model is not None}
        model = models.get(settings.model, models.get(f"{settings.model}:latest"))
        if model is not None:
            return model.max_model_len or model.context_length or model.max_context_length
        # `transformers serve FOLDER` lists the hub's cache, not the folder that it serves.
        if models and settings.check_model and not Path(settings.model).is_dir():
            near = difflib.get_close_matches(settings.model, models, n=MAX_NAMED, cutoff=0.4)
            named = ", ".join(near or sorted(models)[:MAX_NAMED])
            raise TeacherUnavailable(
                f"{settings.host} lists no model {settings.model!r}: it has "
                f"{redacted(named, self.key)} (give one as --model, or --teacher_args "
                "check_model=false if it has more than it lists)"
            )
        return None


Size = Annotated[int, Field(ge=1, lt=10**9)]


class _Model(AnswerPart):
    """A model; what it holds is told by vLLM and SGLang in one way, by OpenRouter in another."""

    id: str
    max_model_len: Lenient[Size] = None
    context_length: Lenient[Size] = None
    max_context_length: Lenient[Size] = None


class _Models(AnswerPart):
    data: list[Lenient[_Model]]


def retry_after(headers: Any) -> float | None:
    """Seconds that a server asks to wait; None where it does not say.

    >>> retry_after({"retry-after": "2"}), retry_after({"retry-after-ms": "50"})
    (2.0, 0.05)
    >>> retry_after({"retry-after": "soon"}), retry_after({"retry-after": "-1"})
    (None, None)
    """
    for name, divisor in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        text = str(headers.get(name, ""))[:100]
        with suppress(ValueError):
            seconds = float(text) / divisor
            return seconds if math.isfinite(seconds) and seconds >= 0 else None
    with suppress(TypeError, ValueError, OverflowError, OSError):
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    return None


def _client(settings: OpenAISettings, key: str) -> openai.AsyncOpenAI:
    """The official client, without retries of its own."""
    try:
        return openai.AsyncOpenAI(
            api_key=key,
            base_url=settings.url,
            max_retries=0,
            timeout=settings.timeout,  # the HTTP client's own is taken for unset where it is 5 s
            # A compressed answer could be far larger than the bytes that are bounded.
            default_headers={"Accept-Encoding": "identity"},
            http_client=openai.DefaultAsyncHttpxClient(
                timeout=settings.timeout,
                event_hooks={"response": [_bound]},
                # A proxy of the environment does not know this machine's own servers.
                trust_env=not settings.local,
            ),
        )
    except (ImportError, ValueError, TypeError, OSError) as error:  # a SOCKS proxy, for one
        raise TeacherUnavailable(
            f"no client for --base-url: {redacted(error, key)}: check the address and the proxies "
            "and certificates of the environment (ALL_PROXY)"
        ) from None


async def _bound(response: httpx2.Response) -> None:
    file = response.request.url.path.endswith("/content")
    response.stream = _Bounded(response.stream, MAX_RESULT_BYTES if file else MAX_BODY_BYTES)


class _Bounded(httpx2.AsyncByteStream):
    """A stream that ends in a fault where it is longer than any answer."""

    def __init__(self, stream: Any, most: int) -> None:
        self._stream, self._most = stream, most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for part in self._stream:
            size += len(part)
            if size > self._most:
                raise httpx2.ReadError(f"an answer of more than {self._most} bytes")
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


def _refusal(status: int, code: str, said: str, param: str, sent: tuple[str, ...]) -> Exception:
    """What a server means that does not take a request."""
    if code == "context_length_exceeded" or _CONTEXT.search(said):
        return ApiError("prompt too long", said, again=False)
    if code in ("content_policy_violation", "content_filter") or _POLICY.search(said):
        return ApiError("refused by policy", said, again=False)
    if (field := _refused_field(said, param, sent)) is not None:
        return FieldRefused(field, said)
    return ApiError(f"HTTP {status}", said or "the request is refused", again=False)


def _refused_field(said: str, param: str, sent: tuple[str, ...]) -> str | None:
    known = [name for name in (*DROPPABLE, *NAMED_FIXES, *LIMIT_FIELDS) if name in sent]
    if "chat template" in said and "messages" in sent:
        return "messages"
    if param in known and param != "messages":
        return param
    if not _REFUSING.search(said):
        return None
    known.sort(key=len, reverse=True)  # `max_tokens` is in the name of another
    quoted = (name for name in known if re.search(rf"['\"`\[(]{name}['\"`\])]", said))
    words = (n for n in known if n != "messages" and re.search(rf"(?<![\w-]){n}(?![\w-])", said))
    return next(quoted, None) or next(words, None)


def _message(body: object) -> str:
    """What an error's body says, which the client has unwrapped; text where it was no JSON."""
    if isinstance(body, dict):
        body = next((body[n] for n in ("message", "detail", "error") if body.get(n)), "")
        body = body if isinstance(body, str) else json.dumps(body, default=str)[:2000]
    return body if isinstance(body, str) else ""


def _text(body: object, name: str) -> str:
    value = body.get(name) if isinstance(body, dict) else None
    return value if isinstance(value, str) else ""
