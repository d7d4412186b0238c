"""What the Batch API is asked to do: take a file, make a batch of it, tell how it is, give results.

Making a batch costs money, so it is never simply sent again: after an answer that was lost, the
provider's list says whether there is a batch with our key in its metadata.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

import openai
from pydantic import AliasPath, BaseModel, Field, StringConstraints, ValidationError

from tot24_bench.schema import Count
from tot24_bench.teachers.api.client import AGAIN, Api, ApiError, NotFound
from tot24_bench.teachers.api.settings import redacted
from tot24_bench.teachers.api.wire import ServerSaid, Told
from tot24_bench.teachers.teacher import TeacherUnavailable

METADATA = "tot24"
"""The name under which a batch's metadata holds our key."""

PAGE = 100
MAX_PAGES = 1_000
"""Batches of a page of the provider's list, and pages that are looked at."""

CLOCK_SLACK_SECONDS = 24 * 3600
"""How far the provider's clock may be from ours."""

QUEUE_FULL = "token_limit_exceeded"
"""OpenAI's code for more tokens than the account may have waiting."""

Id = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,200}$")]

_T = TypeVar("_T")
_Model = TypeVar("_Model", bound=BaseModel)


class _Fault(ServerSaid):
    code: Told[str] = None
    message: Told[str] = None
    line: Told[Count] = None


class Batch(ServerSaid):
    """A batch at one moment, as the provider says it is.

    Attributes:
        status: as the provider calls it: validating, in_progress, completed, ...
        input_file_id: what was asked.
        output_file_id: the answers; None where there are none.
        error_file_id: the calls that failed; None where there are none.
        completed: calls that were answered; of `total`, as `failed` is.
        key: ours, from its metadata.
        fault: why a batch was refused.
    """

    id: Id
    status: Id
    created_at: Told[int] = None
    input_file_id: Told[Id] = None
    output_file_id: Told[Id] = None
    error_file_id: Told[Id] = None
    completed: Told[Count] = Field(None, validation_alias=AliasPath("request_counts", "completed"))
    failed: Told[Count] = Field(None, validation_alias=AliasPath("request_counts", "failed"))
    total: Told[Count] = Field(None, validation_alias=AliasPath("request_counts", "total"))
    key: Told[str] = Field(None, validation_alias=AliasPath("metadata", METADATA))
    fault: Told[_Fault] = Field(None, validation_alias=AliasPath("errors", "data", 0))

    def refused(self, key: str) -> TeacherUnavailable:
        """What to raise where the provider refused it; without the user's key."""
        fault = self.fault or _Fault()
        said = redacted(fault.message or "", key) or "no reason given"
        where = "" if fault.line is None else f" (line {fault.line})"
        fix = "; lower --teacher_args batch_calls" if fault.code == QUEUE_FULL else ""
        return TeacherUnavailable(f"the batch {self.id} was refused: {said}{where}{fix}")


class _Page(ServerSaid):
    data: list[Told[Batch]]
    has_more: Told[bool] = None


class _File(ServerSaid):
    id: Id


class BatchProvider:
    """The Batch API of one server.

    All methods raise TeacherUnavailable where the provider refuses, and where it cannot be reached
    for long; the message holds no key.

    Args:
        api: the server.
        runner: what the client's calls run in.
    """

    def __init__(self, api: Api, runner: asyncio.Runner) -> None:
        self._api, self._runner = api, runner
        self.key = api.key

    def close(self) -> None:
        """Give up the connections."""
        self._runner.run(self._api.close())

    def look(self) -> int | None:
        """Look at the server as the live API does; gives the tokens that the model holds."""
        return self._runner.run(self._api.look())

    def upload(self, path: Path) -> str:
        """Upload the input of a batch; returns its id."""
        options: Any = {"headers": {"Content-Type": "multipart/form-data"}}
        body = {"purpose": "batch"}

        async def upload(client: openai.AsyncOpenAI) -> str:
            # The file's content type is left to the client, as its own `files.create` does.
            return await client.post(
                "/files", cast_to=str, body=body, files={"file": path}, options=options
            )

        async def made() -> _File:
            return self._read(_File, await self._api.send(upload), "files")

        return self._run(made).id

    def create(self, file: str, path: str, key: str, noted: datetime) -> Batch:
        """Make a batch of an uploaded file, once.

        Args:
            file: the id of the file.
            path: the endpoint of its calls, under /v1.
            key: goes into the metadata.
            noted: when the key was made.
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
            return self._read(Batch, await self._api.post("/batches", body), "a batch")

        return self._run(create)

    def find(self, key: str, noted: datetime) -> Batch | None:
        """The batch whose metadata holds a key; None where there is none."""
        return self._run(lambda: self._find(key, noted))

    async def _find(self, key: str, noted: datetime) -> Batch | None:
        oldest = noted.timestamp() - CLOCK_SLACK_SECONDS
        after = ""
        for _ in range(MAX_PAGES):
            text = await self._get(f"/batches?limit={PAGE}{after}")
            page = self._read(_Page, text, "a list of batches")
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
                text = await self._get(f"/batches/{quote(id, safe='')}")
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
        return self._run(retrieve, unknown)

    def download(self, file: str, to: Path) -> bool:
        """Fetch a result into a file; False where the provider has deleted it."""

        async def fetch(client: openai.AsyncOpenAI) -> bool:
            content = client.files.with_streaming_response.content(file)
            async with content as response:
                with to.open("wb") as stream:
                    async for chunk in response.iter_bytes():
                        stream.write(chunk)
            return True

        async def download() -> bool:
            try:
                return await self._api.send(fetch)
            except NotFound:
                return False

        return self._run(download)

    async def _get(self, path: str) -> str:
        return await self._api.send(lambda client: client.get(path, cast_to=str))

    def _read(self, model: type[_Model], text: str, what: str) -> _Model:
        try:
            return model.model_validate_json(text)
        except ValidationError as error:
            if any(each["type"] == "json_invalid" for each in error.errors()):
                reason = "an answer that is no JSON"
                raise ApiError("malformed answer", reason, retry=True, lost=True) from None
            raise TeacherUnavailable(
                f"the server answers something else than {what}: no Batch API, use --teacher openai"
            ) from None

    def _run(self, call: Callable[[], Awaitable[_T]], not_found: str = "") -> _T:
        """Do it, trying again as all calls do, and name what is wrong where it cannot be done."""
        settings = self._api.settings

        async def insist() -> _T:
            return await self._api.insist(call)

        try:
            return self._runner.run(insist())
        except NotFound as error:
            otherwise = f"{settings.host} has no Batch API at {settings.url}: use --teacher openai"
            raise TeacherUnavailable(not_found or f"{otherwise} ({error})") from None
        except ApiError as fault:
            raise TeacherUnavailable(
                f"{settings.host} does not do it ({fault.kind}): {fault.reason}: {AGAIN}"
            ) from None
