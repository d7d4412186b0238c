"""What the Batch API is asked to do: take a file, make a batch of it, tell how it is, give results.

Making a batch costs money, so it is never simply sent again: after an answer that was lost, the
provider's list says whether there is a batch with our key in its metadata.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

import openai
from pydantic import AliasPath, BaseModel, Field, StringConstraints, ValidationError

from tot24_bench.schema import Count
from tot24_bench.teachers.api.client import AGAIN, PASSING, Api, ApiError, NotFound
from tot24_bench.teachers.api.settings import redacted
from tot24_bench.teachers.api.wire import AnswerPart, Lenient
from tot24_bench.teachers.teacher import TeacherUnavailable

METADATA = "tot24"  # the name under which a batch's metadata holds our key
MAX_PAGES = 1_000  # pages of the provider's list that are looked at, of up to 100 batches
MAX_LINE_BYTES = 2**26
"""Bytes of a line of a result file; the rest of a longer one counts as bad lines."""

CLOCK_SLACK_SECONDS = 24 * 3600  # how far the provider's clock may be from ours
QUEUE_FULL = "token_limit_exceeded"
"""OpenAI's code for more tokens than the account may have waiting."""

Id = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,200}$")]

_T = TypeVar("_T")
_Model = TypeVar("_Model", bound=BaseModel)


class _Error(AnswerPart):
    code: Lenient[str] = None
    message: Lenient[str] = None
    line: Lenient[Count] = None


class _Counts(AnswerPart):
    completed: Lenient[Count] = None
    failed: Lenient[Count] = None
    total: Lenient[Count] = None


class Batch(AnswerPart):
    """A batch at one moment, as the provider says it is."""

    id: Id
    status: Id  # as the provider calls it: validating, in_progress, completed,
    created_at: Lenient[int] = None
    input_file_id: Lenient[Id] = None  # what was asked
    output_file_id: Lenient[Id] = None  # the answers; None where there are none
    error_file_id: Lenient[Id] = None  # the calls that failed; None where there are none
    request_counts: Lenient[_Counts] = None  # of calls
    # ours, from its metadata
    key: Lenient[str] = Field(None, validation_alias=AliasPath("metadata", METADATA))
    # why it was refused
    fault: Lenient[_Error] = Field(None, validation_alias=AliasPath("errors", "data", 0))

    def refused(self, key: str) -> TeacherUnavailable:
        """What to raise where the provider refused it; without the user's key."""
        fault = self.fault or _Error()
        said = redacted(fault.message or "", key) or "no reason given"
        where = "" if fault.line is None else f" (line {fault.line})"
        fix = "; lower --teacher_args batch_calls" if fault.code == QUEUE_FULL else ""
        return TeacherUnavailable(f"the batch {self.id} was refused: {said}{where}{fix}")


class _Page(AnswerPart):
    data: list[Lenient[Batch]]
    has_more: Lenient[bool] = None


class _File(AnswerPart):
    id: Id


class _Response(AnswerPart):
    status_code: Annotated[int, Field(ge=100, lt=1000)] = 200
    body: Lenient[dict[str, Any]] = None
    error: Lenient[_Error] = Field(None, validation_alias=AliasPath("body", "error"))


class Line(AnswerPart):
    """A line of a result: the answer to one call, or why there is none.

    {"custom_id": "tot24/4-4-6-8/24/all/io/dbed91b1aea5/0-1", "error": null,
     "response": {"status_code": 200, "body": {"choices": [...], "usage": {...}, ...}}}
    """

    custom_id: Lenient[str] = None
    response: Lenient[_Response] = None
    error: Lenient[_Error] = None

    @property
    def body(self) -> dict[str, Any] | None:
        """The answer's, as the live API would send it; None where there is none."""
        return None if self.response is None else self.response.body

    def fault(self, key: str) -> tuple[str, str, bool] | None:
        """Why it is no answer: kind, reason, and whether asking again may help."""
        response, error = self.response, self.error
        if response is not None and (status := response.status_code) != 200:
            said = redacted((response.error and response.error.message) or "", key)
            kind = "rate limited" if status == 429 else f"HTTP {status}"
            return kind, said or f"status {status}", status in PASSING or status >= 500
        if error is not None:
            kind = redacted(error.code or "", key, 40).replace("_", " ") or "batch error"
            return kind, redacted(error.message or "", key) or kind, True
        if self.body is None:
            nothing = "a line of the batch's result has no answer and no error"
            return "malformed answer", nothing, True
        return None


def objects_in(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON Lines; an empty one for a line that holds none."""
    with path.open("rb") as file:
        while text := file.readline(MAX_LINE_BYTES):
            try:
                value = json.loads(text)
            except (ValueError, RecursionError):
                value = None
            if text.strip():
                yield value if isinstance(value, dict) else {}


class BatchProvider:
    """The Batch API of one server.

    All methods raise TeacherUnavailable where the provider refuses, and where it cannot be reached
    for long; the message holds no key.
    """

    def __init__(self, api: Api, runner: asyncio.Runner) -> None:
        self._api, self._runner = api, runner

    def close(self) -> None:
        """Give up the connections."""
        self._runner.run(self._api.close())

    def look(self) -> int | None:
        """Look at the server as the live API does; gives the tokens that the model holds."""
        return self._runner.run(self._api.look())

    def upload(self, path: Path) -> str:
        """Upload the input of a batch; returns its id."""
        options: Any = {"headers": {"Content-Type": "multipart/form-data"}}

        async def upload(client: openai.AsyncOpenAI) -> str:
            body, files = {"purpose": "batch"}, {"file": path}
            return await client.post("/files", cast_to=str, body=body, files=files, options=options)

        return self._insist(lambda: _read(_File, self._api.send(upload), "files")).id

    def create(self, file: str, path: str, key: str, noted: datetime) -> str:
        """Make a batch of an uploaded file, once; returns its id.

        The key, noted at that time, goes into its metadata; the path is that of its calls.
        """
        body = {
            "input_file_id": file,
            "endpoint": f"/v1{path}",
            "completion_window": "24h",
            "metadata": {METADATA: key},
        }
        tried = False

        async def create() -> Batch:
            nonlocal tried
            if tried and (found := await self._find(key, noted)) is not None:
                return found
            tried = True
            return await _read(Batch, self._api.post("/batches", body), "a batch")

        return self._insist(create).id

    def find(self, key: str, noted: datetime) -> Batch | None:
        """The batch whose metadata holds a key; None where there is none."""
        return self._insist(lambda: self._find(key, noted))

    async def _find(self, key: str, noted: datetime) -> Batch | None:
        oldest = noted.timestamp() - CLOCK_SLACK_SECONDS
        after = ""
        for _ in range(MAX_PAGES):
            page = await _read(_Page, self._api.get(f"/batches?limit=100{after}"), "batches")
            batches = [batch for batch in page.data if batch is not None]
            if found := next((batch for batch in batches if batch.key == key), None):
                return found
            old = any(b.created_at is not None and b.created_at < oldest for b in batches)
            if not batches or old or not page.has_more:
                return None
            after = f"&after={quote(batches[-1].id, safe='')}"
        return None

    def retrieve(self, id: str) -> Batch | None:
        """How a batch is; None where the provider cannot say at the moment."""

        async def retrieve() -> Batch | None:
            try:
                text = await self._api.get(f"/batches/{quote(id, safe='')}")
                return Batch.model_validate_json(text)
            except ValidationError:
                return None
            except ApiError as fault:
                if not fault.retry:
                    raise
                return None

        unknown = (
            f"the provider knows no batch {id[:80]!r}: use the key of the project that made it"
        )
        return self._insist(retrieve, unknown)

    def download(self, file: str | None, to: Path) -> bool:
        """Fetch a result into a file; False where there is none, or the provider has deleted it."""

        async def fetch(client: openai.AsyncOpenAI) -> bool:
            content = client.files.with_streaming_response.content(str(file))
            with to.open("wb") as stream:
                async with content as response:
                    async for chunk in response.iter_bytes():
                        stream.write(chunk)
            return True

        async def download() -> bool:
            try:
                return file is not None and await self._api.send(fetch)
            except NotFound:
                return False

        return self._insist(download)

    def _insist(self, call: Callable[[], Awaitable[_T]], not_found: str = "") -> _T:
        """Do it as often as it takes, and name what is wrong where it cannot be done."""
        settings = self._api.settings
        try:
            return self._runner.run(self._api.insist(call))
        except NotFound as error:
            otherwise = f"{settings.host} has no Batch API at {settings.url}: use --teacher openai"
            raise TeacherUnavailable(not_found or f"{otherwise} ({error})") from None
        except ApiError as fault:
            raise TeacherUnavailable(
                f"{settings.host} does not do it ({fault.kind}): {fault.reason}: {AGAIN}"
            ) from None


async def _read(model: type[_Model], text: Awaitable[str], what: str) -> _Model:
    try:
        return model.model_validate(json.loads(await text))
    except ValidationError:
        raise TeacherUnavailable(
            f"the server answers something else than {what}: no Batch API, use --teacher openai"
        ) from None
    except (json.JSONDecodeError, RecursionError):
        reason = "an answer that is no JSON"
        raise ApiError("malformed answer", reason, retry=True, lost=True) from None
