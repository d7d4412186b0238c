"""What the Batch API is asked to do: take a file, make a batch of it, tell how it is, give results.

Making a batch costs money, so it is never simply sent again: after an answer that was lost, the
provider's list says whether there is a batch with our key in its metadata.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from tot24_bench.teachers.openai_batch_status import BatchStatus, fields_of, status_of
from tot24_bench.teachers.openai_faults import AGAIN, gone, nobody_there
from tot24_bench.teachers.openai_settings import OpenAISettings, redacted
from tot24_bench.teachers.openai_start import look_at, make_client
from tot24_bench.teachers.teacher import TeacherUnavailable

if TYPE_CHECKING:
    from openai import OpenAI, OpenAIError

Endpoint = Literal["/v1/chat/completions", "/v1/completions"]
CHAT: Endpoint = "/v1/chat/completions"

METADATA = "tot24"
"""The name under which a batch's metadata holds our key."""

ATTEMPTS = 5
"""Times that a batch is tried to be made or a result to be fetched."""

PAUSE_SECONDS = 2.0
"""Before the second attempt; doubled before each that follows."""

MAX_LISTED = 10_000
"""Batches of the provider's list that are looked at."""

CLOCK_SLACK_SECONDS = 24 * 3600
"""How far the provider's clock may be from ours."""

MAX_RESULT_BYTES = 16 * 2**30
"""Bytes of a result file; 50,000 calls of 8 responses of 1,000 tokens take 2 GB."""

_T = TypeVar("_T")


class BatchProvider:
    """The Batch API behind an OpenAI client.

    All methods raise TeacherUnavailable where the provider refuses, and where it cannot be reached
    for long; the message holds no key.
    """

    def __init__(
        self, client: OpenAI, settings: OpenAISettings, key: str, pause: float = PAUSE_SECONDS
    ) -> None:
        """Use a client.

        Args:
            client: with its own retries.
            settings: which model of which server, for messages.
            key: never to appear in one.
            pause: as PAUSE_SECONDS.
        """
        self.key = key
        self._settings = settings
        self._client = client
        self._once = client.with_options(max_retries=0)
        self._pause = pause

    def look(self) -> int | None:
        """Look at the server as the live API does; gives the tokens that the model holds."""

        from tot24_bench.teachers.openai_gate import Gate

        async def look() -> int | None:
            gate = Gate(lambda _: True)  # looking costs nothing
            async with make_client(self._settings, self.key, gate) as client:
                return await look_at(client, self._settings, self.key)

        return asyncio.run(look())

    def upload(self, path: Path) -> str:
        """Upload the input of a batch; returns its id."""
        made = self._said(lambda: self._client.files.create(file=path, purpose="batch"))
        id = fields_of(made).get("id")
        if not isinstance(id, str):
            raise TeacherUnavailable(
                f"{self._settings.host} does not take files: it has no Batch API, use "
                "--teacher openai"
            )
        return id

    def create(self, file: str, path: str, key: str, noted: datetime) -> BatchStatus:
        """Make a batch of an uploaded file, once.

        Args:
            file: the id of the file.
            path: the endpoint of its calls, under /v1.
            key: goes into the metadata.
            noted: when the key was made.
        """
        import openai

        endpoint: Endpoint = "/v1/completions" if path == "/completions" else CHAT
        for attempt in range(ATTEMPTS):
            try:
                made = self._once.batches.create(
                    input_file_id=file,
                    endpoint=endpoint,
                    completion_window="24h",
                    metadata={METADATA: key},
                )
            except openai.OpenAIError as error:
                if not passing(error) or attempt == ATTEMPTS - 1:
                    raise self.unavailable(error) from None
            except ValueError:  # no JSON: the batch may have been made
                pass
            else:
                return status_of(fields_of(made))
            time.sleep(self._pause * 2**attempt)
            if (found := self.find(key, noted)) is not None:
                return found
        raise TeacherUnavailable(f"{self._settings.host} gives answers that are no JSON: {AGAIN}")

    def find(self, key: str, noted: datetime) -> BatchStatus | None:
        """The batch whose metadata holds a key; None where there is none."""
        return self._said(lambda: self._find(key, noted.timestamp() - CLOCK_SLACK_SECONDS))

    def _find(self, key: str, since: float) -> BatchStatus | None:
        for number, batch in enumerate(self._client.batches.list(limit=100)):
            said = fields_of(batch)
            metadata, created = said.get("metadata"), said.get("created_at")
            if isinstance(metadata, dict) and metadata.get(METADATA) == key:
                return status_of(said)
            if number >= MAX_LISTED or (isinstance(created, int) and created < since):
                break
        return None

    def retrieve(self, id: str) -> BatchStatus | None:
        """How a batch is; None where the provider cannot say at the moment."""
        import openai

        try:
            said = self._client.batches.retrieve(id)
        except openai.NotFoundError:
            raise TeacherUnavailable(
                f"the provider knows no batch {id[:80]!r}: use the key of the project that made it"
            ) from None
        except openai.OpenAIError as error:
            if passing(error):
                return None
            raise self.unavailable(error) from None
        except ValueError:  # no JSON
            return None
        try:
            return status_of(fields_of(said))
        except TeacherUnavailable:
            return None

    def download(self, file: str, to: Path) -> bool:
        """Fetch a result into a file; False where the provider has deleted it."""
        import openai

        for attempt in range(ATTEMPTS):
            try:
                self._fetch(file, to)
                return True
            except openai.NotFoundError:
                return False
            except (TeacherUnavailable, OSError):
                raise
            except Exception as error:  # of whichever HTTP library is under the client
                if isinstance(error, openai.OpenAIError) and not passing(error):
                    raise self.unavailable(error) from None
                if attempt == ATTEMPTS - 1:
                    raise TeacherUnavailable(
                        f"the result file {file[:80]} cannot be fetched "
                        f"({type(error).__name__}): the same command tries again"
                    ) from None
            time.sleep(self._pause * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    def _fetch(self, file: str, to: Path) -> None:
        size = 0
        with (
            self._client.files.with_streaming_response.content(file) as response,
            to.open("wb") as stream,
        ):
            for chunk in response.iter_bytes():
                size += len(chunk)
                if size > MAX_RESULT_BYTES:
                    raise TeacherUnavailable(f"the result file {file[:80]} is longer than any")
                stream.write(chunk)

    def _said(self, call: Callable[[], _T]) -> _T:
        import openai

        try:
            return call()
        except openai.OpenAIError as error:
            raise self.unavailable(error) from None
        except ValueError:
            raise TeacherUnavailable(
                f"{self._settings.host} gives an answer that is no JSON: {AGAIN}"
            ) from None

    def unavailable(self, error: OpenAIError) -> TeacherUnavailable:
        """A client's error as a line with the fix, without a key."""
        import openai

        host = self._settings.host
        if isinstance(error, openai.APIConnectionError):
            return nobody_there(self._settings)
        if not isinstance(error, openai.APIStatusError):
            return TeacherUnavailable(f"{host} gives no answer to be read: {type(error).__name__}")
        said = redacted(_message(error), self.key)
        if isinstance(error, openai.NotFoundError):
            return TeacherUnavailable(
                f"{host} has no Batch API at {self._settings.url}: use --teacher openai ({said})"
            )
        try:
            gone(error.status_code, str(error.code or ""), said, self._settings)
        except TeacherUnavailable as unavailable:
            return unavailable
        return TeacherUnavailable(f"{host} refuses (HTTP {error.status_code}): {said}: {AGAIN}")


def passing(error: OpenAIError) -> bool:
    """Whether an error may pass by itself: the network, a limit on rates, the server."""
    import openai

    if isinstance(error, openai.RateLimitError):
        return error.code != "insufficient_quota"
    if isinstance(error, openai.APIStatusError):
        passes = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT)
        return error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or error.status_code in passes
    return isinstance(error, openai.APIConnectionError | openai.APIResponseValidationError)


def _message(error: OpenAIError) -> object:
    body = getattr(error, "body", None)
    message = body.get("message") if isinstance(body, dict) else None
    return message or "no reason given"
