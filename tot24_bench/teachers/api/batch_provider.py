"""What the Batch API is asked to do: take a file, make a batch of it, tell how it is, give results.

Making a batch costs money, so it is never simply sent again: after an answer that was lost, the
provider's list says whether there is a batch with our key in its metadata.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
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
MAX_LINE_BYTES = 2**26  # of a line of a result file; what is longer is no answer

Id = Annotated[str, StringConstraints(pattern=r"^[!-.0-~]{1,200}$")]

_T = TypeVar("_T")
_Model = TypeVar("_Model", bound=BaseModel)


class _Error(AnswerPart):
    code: Lenient[str] = None
    message: Lenient[str] = None
    line: Lenient[Count] = None


def _at(name: str, *path: str | int) -> Any:
    """A field that stands so deep in what the provider says; None where it does not."""
    return Field(None, validation_alias=AliasPath(name, *path))


class Batch(AnswerPart):
    """A batch at one moment, as the provider says it is."""

    id: Id
    status: Id  # as the provider calls it: validating, in_progress, completed,
    input_file_id: Lenient[Id] = None  # what was asked
    output_file_id: Lenient[Id] = None  # the answers; None where there are none
    error_file_id: Lenient[Id] = None  # the calls that failed; None where there are none
    total: Lenient[Count] = _at("request_counts", "total")  # calls
    completed: Lenient[Count] = _at("request_counts", "completed")
    key: Lenient[str] = _at("metadata", METADATA)  # ours
    fault: Lenient[_Error] = _at("errors", "data", 0)  # why it was refused

    def refused(self, key: str) -> TeacherUnavailable:
        """What to raise where the provider refused it; without the user's key."""
        fault = self.fault or _Error()
        said = redacted(fault.message or "", key) or "no reason given"
        where = "" if fault.line is None else f" (line {fault.line})"
        # OpenAI's code for more tokens than an account may have waiting.
        full = fault.code == "token_limit_exceeded"
        fix = "; lower --teacher_args batch_calls" if full else ""
        return TeacherUnavailable(f"the batch {self.id} was refused: {said}{where}{fix}")


class _Page(AnswerPart):
    data: list[Lenient[Batch]]
    has_more: Lenient[bool] = None


class _File(AnswerPart):
    id: Id


class Line(AnswerPart):
    """A line of a result: the answer to one call, or why there is none.

    {"custom_id": "tot24/4-4-6-8/24/all/io/dbed91b1aea5/0-1", "error": null,
     "response": {"status_code": 200, "body": {"choices": [...], "usage": {...}, ...}}}
    """

    custom_id: Lenient[str] = None
    error: Lenient[_Error] = None
    status: Lenient[Annotated[int, Field(ge=100, lt=1000)]] = _at("response", "status_code")
    # the answer's, as the live API would send it
    body: Lenient[dict[str, Any]] = _at("response", "body")
    said: Lenient[str] = _at("response", "body", "error", "message")

    def fault(self, key: str) -> tuple[str, str, bool] | None:
        """Why it is no answer: kind, reason, and whether asking again may help."""
        if (status := self.status or 200) != 200:
            kind = "rate limited" if status == 429 else f"HTTP {status}"
            said = redacted(self.said or f"status {status}", key)
            return kind, said, status in PASSING or status >= 500
        if self.error is not None:
            kind = redacted(self.error.code or "", key, 40).replace("_", " ") or "batch error"
            return kind, redacted(self.error.message or "", key) or kind, True
        if self.body is None:
            return "malformed answer", "a line of the result has no answer and no error", True
        return None


def objects_in(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON Lines; an empty one for a line that holds none."""
    with path.open("rb") as file:
        while text := file.readline(MAX_LINE_BYTES):
            try:
                value = json.loads(text)
            except (ValueError, RecursionError):
                value = None
            yield value if isinstance(value, dict) else {}


class BatchProvider:
    """The Batch API of one server; TeacherUnavailable where it refuses or is gone for long."""

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
        sent: Any = {"body": {"purpose": "batch"}, "files": {"file": path}, "options": options}

        async def upload(client: openai.AsyncOpenAI) -> str:
            return str(await client.post("/files", cast_to=str, **sent))

        return self._insist(lambda: _read(_File, self._api.send(upload), "files")).id

    def create(self, file: str, path: str, key: str) -> str:
        """Make a batch of an uploaded file of calls to a path, once; returns its id."""
        body = {
            "input_file_id": file,
            "endpoint": f"/v1{path}",
            "completion_window": "24h",
            "metadata": {METADATA: key},
        }
        tried = False

        async def create() -> str:
            nonlocal tried
            if tried and (found := await self._find(key)) is not None:
                return found
            tried = True
            return (await _read(Batch, self._api.post("/batches", body), "a batch")).id

        return self._insist(create)

    def find(self, key: str) -> str | None:
        """The id of the batch whose metadata holds a key; None where there is none."""
        return self._insist(lambda: self._find(key))

    async def _find(self, key: str) -> str | None:
        after = ""
        for _ in range(MAX_PAGES):
            page = await _read(_Page, self._api.get(f"/batches?limit=100{after}"), "batches")
            batches = [batch for batch in page.data if batch is not None]
            if found := next((batch.id for batch in batches if batch.key == key), None):
                return found
            if not batches or not page.has_more:
                break
            after = f"&after={quote(batches[-1].id, safe='')}"
        return None

    def retrieve(self, id: str) -> Batch | None:
        """How a batch is; None where the provider cannot say at the moment."""

        async def retrieve() -> Batch | None:
            try:
                return await _read(
                    Batch, self._api.get(f"/batches/{quote(id, safe='')}"), "a batch"
                )
            except ApiError as fault:
                if not fault.retry:
                    raise
                return None

        fix = "use the key of the project that made it"
        return self._insist(retrieve, f"the provider knows no batch {id[:80]!r}: {fix}")

    def download(self, file: str | None, to: Path) -> None:
        """Fetch what a batch was asked or answered into a file."""

        async def fetch(client: openai.AsyncOpenAI) -> None:
            content = client.files.with_streaming_response.content(str(file))
            async with content as response:
                await response.stream_to_file(to)

        self._insist(
            lambda: self._api.send(fetch),
            f"the provider has no file {file} at the moment: {AGAIN}, or delete the file that "
            "notes the batches to give it up",
        )

    def _insist(self, call: Callable[[], Awaitable[_T]], not_found: str = "") -> _T:
        """Do it as often as it takes, and name what is wrong where it cannot be done."""
        host, url = self._api.settings.host, self._api.settings.url
        not_found = not_found or f"{host} has no Batch API at {url}: use --teacher openai"
        try:
            return self._runner.run(self._api.insist(call))
        except NotFound as error:
            raise TeacherUnavailable(f"{not_found} ({error})") from None
        except ApiError as fault:
            reason = f"{host} does not do it ({fault.kind}): {fault.reason}: {AGAIN}"
            raise TeacherUnavailable(reason) from None


async def _read(model: type[_Model], text: Awaitable[str], what: str) -> _Model:
    said = await text
    try:
        body = json.loads(said)
    except (ValueError, RecursionError):
        raise ApiError("malformed answer", "the answer is no JSON", True, True, True) from None
    try:
        return model.model_validate(body)
    except ValidationError:
        raise TeacherUnavailable(
            f"the server answers something else than {what}: no Batch API, use --teacher openai"
        ) from None
