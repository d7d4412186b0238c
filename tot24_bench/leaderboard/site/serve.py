"""Serve the page on this machine, built anew whenever submissions have changed.

Only three kinds of address exist: the page, a details file of one of its rows, and nothing else. So
no name in an address becomes a path.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock

from tot24_bench.leaderboard.site.build import DETAILS, PAGE, Page, build, row_file
from tot24_bench.leaderboard.site.content import read_graded
from tot24_bench.leaderboard.store import paths


class Preview:
    """The newest page of a results folder."""

    def __init__(self, results: Path, told: Callable[[str], None] = lambda words: None) -> None:
        self.results, self.told = results, told
        self._lock = Lock()
        self._seen: list[tuple[Path, int, int]] = []
        self._page: Page | None = None

    def page(self) -> Page:
        """The page, built anew where a submission was written, changed or taken away."""
        with self._lock:
            seen = [
                (path, status.st_mtime_ns, status.st_size)
                for path in paths(self.results)
                for status in [path.stat()]
            ]
            if self._page is None or seen != self._seen:
                self.told(f"building the page of {len(seen)} submissions")
                self._page = build(self.results, read_graded(self.results))
                self._seen = seen
                self.told("built")
            return self._page


def server(preview: Preview, port: int) -> ThreadingHTTPServer:
    """A server of this machine alone; port 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            try:
                page = preview.page()
            except ValueError as error:  # a submission that cannot be read
                self._send(HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain", str(error).encode())
                return
            if path in ("/", f"/{PAGE}"):
                self._send(HTTPStatus.OK, "text/html", page.html)
            elif (key := page.left_out.get(path.removeprefix(f"/{DETAILS}/"))) is not None:
                data = row_file(preview.results, key)
                self._send(HTTPStatus.OK, "application/json", data)
            else:
                self._send(HTTPStatus.NOT_FOUND, "text/plain", b"not here: open /")

        def _send(self, status: HTTPStatus, kind: str, data: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: a line for each request helps nobody who previews a page."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)
