"""The replies that a run has: each call is asked once, whichever hand needs it, and after a crash.

A file of SQLite holds them, so that memory does not grow with what was asked, and so that a run
that was killed goes on where it was: the same searches ask the same calls, and find these answered.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tot24_bench.search.calls import Call, Reply


class BadReplies(OSError):
    """The file of replies cannot be used; the message names the fix."""


class ReplyStore:
    """Replies by call, of one model and in one run at a time.

    Args:
        path: the file; None is a temporary one that goes away with it.
        model: which model answers, and how it is asked: a file is never another one's.

    Raises:
        BadReplies: the file cannot be used, another run uses it, or it is another model's.
    """

    def __init__(self, path: Path | None = None, model: str = "") -> None:
        self._where = "a temporary file" if path is None else str(path)
        self._database: sqlite3.Connection | None = None
        self._lock: sqlite3.Connection | None = None
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._open(path)
            self._run("CREATE TABLE IF NOT EXISTS replies (key BLOB PRIMARY KEY, reply TEXT)")
            self._run("CREATE TABLE IF NOT EXISTS asked (model TEXT)")
            self._run("INSERT INTO asked SELECT ? WHERE NOT EXISTS (SELECT 1 FROM asked)", model)
            self._run("SELECT key, reply FROM replies LIMIT 1")
            ((asked,),) = self._run("SELECT model FROM asked")
        except (sqlite3.Error, OSError, ValueError) as error:
            self.close()
            raise BadReplies(f"{self._where} cannot hold the replies: {_why(error)}") from error
        if asked != model:
            self.close()
            raise BadReplies(
                f"{self._where} holds the replies of another model, or of one that was asked "
                "otherwise (its arguments, chat, --seed): give another --work"
            )

    def _open(self, path: Path | None) -> None:
        if path is not None:  # one run writes it, others may read; a killed run lets go of it
            self._lock = sqlite3.connect(f"{path}.lock", timeout=0.5, isolation_level=None)
            self._lock.execute("BEGIN EXCLUSIVE")
        self._database = sqlite3.connect("" if path is None else path, isolation_level=None)
        self._run("PRAGMA journal_mode=WAL")
        self._run("PRAGMA synchronous=NORMAL")

    def _run(self, command: str, *values: object) -> list[tuple[Any, ...]]:
        if self._database is None:
            raise sqlite3.ProgrammingError("it is closed")
        with closing(self._database.cursor()) as cursor:
            return cursor.execute(command, values).fetchall()

    def get(self, call: Call) -> Reply | None:
        """The reply to a call; None where it was not asked yet.

        Raises:
            BadReplies: the file is broken.
        """
        try:
            found = self._run("SELECT reply FROM replies WHERE key = ?", key_of(call))
            if not found:
                return None
            text, likelihoods, prompt_tokens, completion_tokens = json.loads(found[0][0])
        except (sqlite3.Error, TypeError, ValueError) as error:
            raise BadReplies(f"{self._where} cannot be read: {_why(error)}") from error
        return Reply(text, tuple(likelihoods), prompt_tokens, completion_tokens)

    def put(self, call: Call, reply: Reply) -> None:
        """Keep a reply; when this returns, it outlives the process, though not a power cut.

        Raises:
            BadReplies: the disk is full, or the file is gone.
        """
        try:
            self._run(
                "INSERT OR REPLACE INTO replies VALUES (?, ?)", key_of(call), json.dumps(reply)
            )
        except sqlite3.Error as error:
            raise BadReplies(
                f"{self._where} cannot be written ({error}): make room, and run the same command "
                "again"
            ) from error

    def __len__(self) -> int:
        return int(self._run("SELECT COUNT(*) FROM replies")[0][0])

    def close(self) -> None:
        """Let go of the file."""
        for connection in (self._database, self._lock):
            if connection is not None:
                connection.close()


def _why(error: Exception) -> str:
    if getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
        return "another run uses it: wait for that one to end, or give another --work"
    return f"{error}: remove it, or give another --work"


def key_of(call: Call) -> bytes:
    """What two equal calls share."""
    asked = (call.prompt.instruction, call.prompt.turns, call.after, call.words)
    told = json.dumps([asked, call.kind, call.temperature, call.draw])
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).digest()
