"""A web site on this machine with one file, for tests of downloads: ranges, validators, accidents."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site(ThreadingHTTPServer):
    """`cut` ends an answer after so many bytes of the file, `stated` is the hub's hash header.

    /model.gguf is the file, /moved.gguf redirects to it (with the hub's hash), all else is gone.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = content
        self.etag = '"1"'
        self.stated = ""
        self.cut: int | None = None
        self.ranges: list[str | None] = []
        self.sent = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/model.gguf"


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        if self.path == "/moved.gguf":
            self._redirect()
        elif self.path == "/model.gguf":
            self.server.ranges.append(self.headers.get("Range"))
            self._file()
        else:
            self.send_error(int(self.path.strip("/").removesuffix(".gguf") or 404))

    def _redirect(self) -> None:
        self.send_response(302)
        self.send_header("Location", self.server.url)
        self.send_header("X-Linked-ETag", f'"{self.server.stated}"')
        self.end_headers()
        self.server.stated = ""

    def _file(self) -> None:
        site, wanted = self.server, self.headers.get("Range")
        if wanted and self.headers.get("If-Range") != site.etag:
            wanted = None
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if start >= len(site.content):
            self.send_error(416)
            return
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(site.content) - start))
        self.send_header("ETag", site.etag)
        if site.stated:
            self.send_header("X-Linked-ETag", f'"{site.stated}"')
        self.end_headers()
        body = site.content[start : site.cut]
        site.sent += len(body)
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(content: bytes) -> Iterator[Site]:
    site = Site(content)
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        site.shutdown()
        thread.join()
        site.server_close()
