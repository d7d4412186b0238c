"""Serve the page on this machine, built anew whenever what it shows has changed.

Only two kinds of address exist: the page, and a details file of one of its rows. So no name in an
address becomes a path. Only who asks for this machine by its own name is answered, so that no page
of the web can read results by giving its own name this address.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock

from tot24_bench.leaderboard.site.build import DETAILS, PAGE, Page, build, row_file, study_files
from tot24_bench.leaderboard.site.content import read_graded

NAMES = ("127.0.0.1", "localhost")
PATIENCE = 30  # seconds that a client may take for what it asks


class Preview:
    """The newest page of a results folder."""

    def __init__(self, results: Path, told: Callable[[str], None] = lambda words: None) -> None:
        self.results, self.told = results, told
        self._lock = Lock()
        self._seen: list[tuple[Path, int, int]] = []
        self._page: Page | None = None

    def page(self) -> Page:
        """The page, built anew where a file of the results was written, changed or taken away.

        Raises:
            ValueError: a submission or a study cannot be read; the message names it.
            OSError: a file went away while it was read.
        """
        with self._lock:
            shown = (*(self.results / "submissions").glob("*/*.*"), *study_files(self.results))
            seen = [
                (path, status.st_mtime_ns, status.st_size)
                for path in sorted(shown)
                for status in [path.stat()]
            ]
            if self._page is None or seen != self._seen:
                self.told("building the page")
                # In this process: what another thread holds must not be forked.
                self._page = build(self.results, read_graded(self.results), jobs=1)
                self._seen = seen
                self.told("built")
            return self._page

    def answer(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        """The status, the kind and the body of what is asked for."""
        try:
            page = self.page()
            if path in ("/", f"/{PAGE}"):
                return HTTPStatus.OK, "text/html", page.html
            if (key := page.left_out.get(path.removeprefix(f"/{DETAILS}/"))) is not None:
                return HTTPStatus.OK, "application/json", row_file(self.results, key)
        except (ValueError, OSError) as error:
            return HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain", str(error).encode()
        return HTTPStatus.NOT_FOUND, "text/plain", b"not here: open /"


def server(preview: Preview, port: int) -> ThreadingHTTPServer:
    """A server of this machine alone; port 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = PATIENCE

        def do_GET(self) -> None:
            host = self.headers.get("Host", "")
            if (host.rpartition(":")[0] or host) not in NAMES:
                self._send(HTTPStatus.FORBIDDEN, "text/plain", b"open http://127.0.0.1 instead")
                return
            self._send(*preview.answer(self.path.partition("?")[0]))

        def _send(self, status: HTTPStatus, kind: str, data: bytes) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Cache-Control", "no-store")
                self.send_header("X-Content-Type-Options", "nosniff")
                self.end_headers()
                self.wfile.write(data)
            except (BrokenPipeError, ConnectionResetError):  # who asked has gone
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: a line for each request helps nobody who previews a page."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)
