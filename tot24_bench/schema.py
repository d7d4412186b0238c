"""Records: what every schema of this project is made of.

A record is frozen, refuses keys that it does not know, and reads back equal from its JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)


def _encodable(value: object) -> object:
    """Text that UTF-8 can hold: an API may return half of a surrogate pair."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


MAX_TEXT_CHARS = 10_000
"""Characters of a note, a licence, a version: what people write about a submission."""

MAX_NAME_CHARS = 1_000  # characters of a name or a source
MAX_COUNT = 10**15  # largest count of anything: weights, tokens, rows

Encodable = Annotated[str, BeforeValidator(_encodable)]
Text = Annotated[Encodable, Field(max_length=MAX_TEXT_CHARS)]
Name = Annotated[Encodable, StringConstraints(pattern=r"\S", max_length=MAX_NAME_CHARS)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Link = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=MAX_COUNT)]


class Record(BaseModel):
    """A frozen object that holds the fields it names and no others, and no NaN or infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back to an equal record."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote.

        Raises:
            pydantic.ValidationError: a ValueError that names each field and what is wrong with it.
        """
        return cls.model_validate(data)


def without_machine_path(value: str) -> str:
    """Only the last part of a path that means something on one machine alone."""
    value = value.strip()
    windows = PureWindowsPath(value)
    if value.startswith(("/", "~", "file:")):
        return PurePosixPath(value).name.lstrip("~") or "local"
    return (windows.name or "local") if windows.drive or windows.root else value


def first_fault(error: ValidationError, whole: str = "the file") -> tuple[str, str]:
    """Where the first fault of some data is, as a dotted path (else `whole`), and what it is."""
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return ".".join(map(str, fault["loc"]))[:80] or whole, fault["msg"]
