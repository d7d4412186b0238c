"""The client, and the look at the server before anything is asked.

Is there a server, does it take the key, has it the model, and how much does the model hold? A
server without a list of models is asked nevertheless.
"""

from __future__ import annotations

import difflib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tot24_bench.teachers.openai_faults import fault_of, nobody_there
from tot24_bench.teachers.openai_settings import OpenAISettings, redacted
from tot24_bench.teachers.teacher import TeacherUnavailable

if TYPE_CHECKING:
    import openai

    from tot24_bench.teachers.openai_gate import Gate

log = logging.getLogger(__name__)

START_SECONDS = 30.0
"""How long a server may take to list its models; one that is loading them answers slowly."""

MAX_NAMED = 5
"""Models that a message names."""

CONTEXT_FIELDS = ("max_model_len", "context_length", "max_context_length")
"""How servers say what a model holds: vLLM and SGLang; OpenRouter and others."""


def make_client(settings: OpenAISettings, key: str, gate: Gate) -> openai.AsyncOpenAI:
    """The official client; each of its tries passes the gate."""
    import openai

    try:
        return openai.AsyncOpenAI(
            api_key=key,
            base_url=settings.url,
            max_retries=settings.max_retries,
            timeout=settings.timeout,  # the HTTP client's own is taken for unset where it is 5 s
            # A compressed answer could be far larger than the bytes that are bounded.
            default_headers={"Accept-Encoding": "identity"},
            http_client=openai.DefaultAsyncHttpxClient(
                timeout=settings.timeout,
                event_hooks={"request": [gate.before], "response": [gate.after]},
                # A proxy of the environment does not know this machine's own servers.
                trust_env=not settings.local,
            ),
        )
    except ImportError as error:  # a SOCKS proxy of the environment
        raise TeacherUnavailable(
            f"the proxy of the environment cannot be used ({redacted(error, key)}): install what "
            "it needs, or unset ALL_PROXY"
        ) from None
    except (ValueError, TypeError, OSError) as error:
        raise TeacherUnavailable(
            f"no client for --base-url: {redacted(error, key)}: check the address and the proxies "
            "and certificates of the environment"
        ) from None


async def look_at(client: openai.AsyncOpenAI, settings: OpenAISettings, key: str) -> int | None:
    """Tokens that the model holds, if the server says so.

    Raises:
        TeacherUnavailable: no server, a key that it does not take, a model that it has not.
    """
    import openai

    asking = client.with_options(max_retries=1, timeout=min(START_SECONDS, settings.timeout))
    refusal: openai.APIStatusError | None = None
    text = ""
    try:
        # A server that fails here may close the connection; the first call must not reuse it.
        text = await asking.get(
            "/models", cast_to=str, options={"headers": {"Connection": "close"}}
        )
    except openai.APITimeoutError:
        log.warning("%s does not list its models; asking it nevertheless", settings.host)
        return None
    except openai.APIConnectionError:
        raise nobody_there(settings) from None
    except openai.APIStatusError as error:
        if error.status_code not in (401, 403):
            return None
        refusal = error
    except (openai.OpenAIError, ValueError):
        return None
    if refusal is not None:  # outside of the handler: what is raised must not drag headers along
        fault_of(refusal, settings, key, ())
    models = _models(text)
    if not models:
        return None
    entry = models.get(settings.model, models.get(f"{settings.model}:latest"))
    if entry is None:
        # `transformers serve FOLDER` lists the hub's cache, not the folder that it serves.
        if settings.check_model and not Path(settings.model).is_dir():
            raise _no_model(settings, list(models), key)
        return None
    sizes = [entry.get(name) for name in CONTEXT_FIELDS]
    return next((s for s in sizes if isinstance(s, int) and 0 < s < 10**9), None)


def _models(text: str) -> dict[str, Mapping[str, Any]]:
    try:
        listed = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    data = listed.get("data") if isinstance(listed, dict) else None
    entries = data if isinstance(data, list) else []
    return {
        entry["id"]: entry
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("id"), str)
    }


def _no_model(settings: OpenAISettings, names: list[str], key: str) -> TeacherUnavailable:
    near = difflib.get_close_matches(settings.model, names, n=MAX_NAMED, cutoff=0.4)
    shown = near or sorted(names)[:MAX_NAMED]
    told = redacted(", ".join(shown) + (", ..." if len(names) > len(shown) else ""), key)
    return TeacherUnavailable(
        f"{settings.host} lists no model {settings.model!r}: it has {told} "
        "(give one as --model, or --teacher_args check_model=false if it has more than it lists)"
    )
