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

from tot24_bench.search.calls import Call, Reply


class BadReplies(OSError):
    """The file of replies cannot be used; the message names the fix."""


class ReplyStore:
    """Replies by call; without a path in a temporary file that goes away with it."""

    def __init__(self, path: Path | None = None) -> None:
        self._where = "a temporary file" if path is None else str(path)
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect("" if path is None else path, isolation_level=None)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS replies (key BLOB PRIMARY KEY, reply TEXT NOT NULL)"
            )
        except (sqlite3.Error, OSError) as error:
            raise BadReplies(
                f"{self._where} cannot hold the replies ({error}): remove it, or give another "
                "--work"
            ) from error

    def get(self, call: Call) -> Reply | None:
        """The reply to a call; None where it was not asked yet."""
        with closing(self._database.cursor()) as cursor:
            row = cursor.execute("SELECT reply FROM replies WHERE key = ?", (key_of(call),))
            found = row.fetchone()
        if found is None:
            return None
        text, likelihoods, prompt_tokens, completion_tokens = json.loads(found[0])
        return Reply(text, tuple(likelihoods), prompt_tokens, completion_tokens)

    def put(self, call: Call, reply: Reply) -> None:
        """Keep a reply; it is on disk when this returns, as far as the system says so.

        Raises:
            BadReplies: the disk is full, or the file is gone.
        """
        try:
            self._database.execute(
                "INSERT OR REPLACE INTO replies VALUES (?, ?)", (key_of(call), json.dumps(reply))
            )
        except sqlite3.Error as error:
            raise BadReplies(
                f"{self._where} cannot be written ({error}): make room, and run the same command "
                "again"
            ) from error

    def __len__(self) -> int:
        return int(self._database.execute("SELECT COUNT(*) FROM replies").fetchone()[0])

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()


def key_of(call: Call) -> bytes:
    """What two equal calls share."""
    asked = (call.prompt.instruction, call.prompt.turns, call.after, call.words)
    told = json.dumps([asked, call.kind, call.temperature, call.draw])
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).digest()
