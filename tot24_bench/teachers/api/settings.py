"""How the teachers `openai` and `openai-batch` are set up, and how keys stay out of texts.

>>> settings = OpenAISettings("gpt-4o", max_tokens=256)
>>> settings.info.settings["max_tokens"], settings.limit_field
(256, 'max_completion_tokens')
>>> OpenAISettings("m", base_url="http://localhost:8000/v1").limit_field
'max_tokens'
"""

from __future__ import annotations

import html
import json
import os
import re
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from tot24_bench.teachers.teacher import TeacherInfo, TeacherUnavailable
from tot24_bench.text import one_line

OFFICIAL_URL = "https://api.openai.com/v1"
OFFICIAL_HOST = "api.openai.com"
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1", "0.0.0.0")
KEY_VARIABLE = "OPENAI_API_KEY"
URL_VARIABLE = "OPENAI_BASE_URL"

NO_KEY = "none"  # sent to a server when no key is set: most that run locally ask for none
HIDDEN = "[key]"
MAX_REASON_CHARS = 300  # characters of what a server says, in a message of ours
MAX_SAID_CHARS = 2**20  # that are looked through for our key before they are cut to a message
# Local servers are given keys like `x` or `EMPTY`: no secrets, and not to be cut out of texts.
MIN_SECRET_CHARS = 8
_KEY_LIKE = re.compile(r"\b(?:sk|sess|key)-[\w*.-]{6,}|(?i:bearer)\s+[\w*.~+/=-]{6,}", re.ASCII)

MAX_BATCH_CALLS = 50_000  # calls of one batch (OpenAI's limit)


@dataclass(frozen=True, slots=True)
class OpenAISettings:
    """Which model of which server, and how it is sampled."""

    model: str  # as the server calls it
    # of the server, ending in /v1; None is OPENAI_BASE_URL, or OpenAI's own
    base_url: str | None = None
    # None leaves it to the server (some reasoning models take none)
    temperature: float | None = 0.7
    top_p: float | None = None  # None leaves it to the server
    max_tokens: int = 1024  # of one response, hidden reasoning included
    seed: int | None = None  # each call gets one derived from it; None sends none
    concurrency: int = 32  # calls under way at once
    samples_per_request: int = 8  # `n` of a call, at most; servers that ignore it are noticed
    structured: bool = False  # ask for JSON (steps, answer)
    # seconds without a byte from the server after which a call is tried again
    timeout: float = 120.0
    max_retries: int = 6  # tries after the first; more where the server says how long to wait
    # send plain text to /v1/completions, for models without a chat template
    completions: bool = False
    # tokens of prompt and response that the model holds; None asks the server
    context: int | None = None
    check_model: bool = True  # refuse a model that the server does not list

    LIMITS: ClassVar[dict[str, tuple[float, float]]] = {
        "temperature": (0, 10),
        "top_p": (0, 1),
        "max_tokens": (1, 10_000_000),
        "concurrency": (1, 1_000),
        "samples_per_request": (1, 128),
        "timeout": (0.001, 86_400),
        "max_retries": (0, 100),
        "context": (1, 1_000_000_000),
    }

    def __post_init__(self) -> None:
        for name, (least, most) in self.LIMITS.items():
            value: Any = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise TeacherUnavailable(f"{name}={value}: give {least} to {most}")
        if not self.model.strip():
            raise TeacherUnavailable("the teacher openai needs --model NAME")
        if self.structured and self.completions:
            raise TeacherUnavailable(
                "completions and --structured do not go together: leave one of them out"
            )
        _require_address(self.url)

    @property
    def url(self) -> str:
        """Of the server, ending in /v1 or the like."""
        return (self.base_url or os.environ.get(URL_VARIABLE) or OFFICIAL_URL).rstrip("/")

    @property
    def host(self) -> str:
        """Of the server, with its port: harmless in a message."""
        return urlsplit(self.url).netloc

    @property
    def official(self) -> bool:
        """Whether it is OpenAI's own server."""
        return urlsplit(self.url).hostname == OFFICIAL_HOST

    @property
    def local(self) -> bool:
        """Whether the server is on this machine."""
        return urlsplit(self.url).hostname in LOCAL_HOSTS

    @property
    def path(self) -> str:
        """Of the endpoint, under the base URL."""
        return "/completions" if self.completions else "/chat/completions"

    @property
    def limit_field(self) -> str:
        """What the server calls the limit on a response's tokens; one that refuses is noticed."""
        return "max_completion_tokens" if self.official and not self.completions else "max_tokens"

    @property
    def info(self) -> TeacherInfo:
        """Who answers, and whatever changes the answers; no address, no key."""
        names = ("temperature", "top_p", "max_tokens", "seed", "structured", "completions")
        settings = {name: getattr(self, name) for name in names}
        return TeacherInfo(kind="openai", model=self.model, settings=settings)

    def key(self) -> str:
        """The key that is sent; TeacherUnavailable for OpenAI's own server without one."""
        key = os.environ.get(KEY_VARIABLE, "").strip()
        if not key and self.official:
            raise TeacherUnavailable(
                f"no key: set {KEY_VARIABLE}, or give --base-url of a server that needs none"
            )
        if not key.isascii() or not key.isprintable():
            raise TeacherUnavailable(f"{KEY_VARIABLE} holds letters that no key has: set it again")
        return key or NO_KEY


@dataclass(frozen=True, slots=True)
class OpenAIBatchSettings(OpenAISettings):
    """Settings of the live API, of which `concurrency` means nothing here, and those of batches."""

    # a batch of an earlier command to take up; the state file knows all others
    batch_id: str | None = None
    # calls of one batch, at most; fewer where the account's queue is short
    batch_calls: int = MAX_BATCH_CALLS
    poll_seconds: float = 10.0  # before a batch is asked about for the second time
    max_poll_seconds: float = 300.0  # between two polls, at most

    LIMITS: ClassVar[dict[str, tuple[float, float]]] = {
        **OpenAISettings.LIMITS,
        "batch_calls": (1, MAX_BATCH_CALLS),
        "poll_seconds": (0.001, 86_400),
        "max_poll_seconds": (0.001, 86_400),
    }


def redacted(text: object, key: str = NO_KEY, most: int = MAX_REASON_CHARS) -> str:
    """What a server said, as part of a one-line message: without keys, and not too long.

    >>> redacted("Incorrect API key: sk-abcdef123456,\\n see the site")
    'Incorrect API key: [key], see the site'
    """
    said = one_line(without_key(str(text)[:MAX_SAID_CHARS], key)[: 20 * most])
    return _KEY_LIKE.sub(HIDDEN, said)[:most]


def without_key(text: str, key: str) -> str:
    """A text without our key, should a server repeat it, in JSON, HTML or an address too."""
    if len(key) < MIN_SECRET_CHARS:
        return text
    for spelt in {key, json.dumps(key)[1:-1], html.escape(key), quote(key), quote(key, safe="")}:
        text = text.replace(spelt, HIDDEN)
    return text


def _require_address(url: str) -> None:
    fix = "give one like http://localhost:8000/v1"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise TeacherUnavailable(f"--base-url: no such address can be; {fix}") from None
    if parts.username or parts.password or parts.query or parts.fragment:
        raise TeacherUnavailable(
            f"--base-url holds more than an address: put the key in {KEY_VARIABLE}, and {fix}"
        )
    wrong = parts.scheme not in ("http", "https") or not parts.hostname or port == 0
    if wrong or not url.isprintable() or " " in url:
        shown = "" if "@" in url else f" {redacted(url, most=80)!r}"
        raise TeacherUnavailable(f"--base-url{shown} is no address: {fix}")
