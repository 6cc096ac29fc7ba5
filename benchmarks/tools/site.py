"""A small web site for the tools to meet: pages, pictures, a form that refuses, a page that wants a password.

Run as ``python -m benchmarks.tools.site PORT``; it serves until it is killed.
"""

from __future__ import annotations

import sys
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

PAGES = ("/", "/index.html", "/news", "/about", "/shop", "/login")


class Site(BaseHTTPRequestHandler):
    """Answers as a small Apache site would."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Apache/2.4.41", "(Ubuntu)"

    def do_GET(self) -> None:
        """A page, a picture, an item of a shop, or a refusal."""
        url = urlparse(self.path)
        size = zlib.crc32(url.path.encode())
        if url.path in PAGES:
            self._answer(200, b"<html><form method=post><input name=user>" + b"<p>lorem ipsum" * (80 + size % 300))
        elif url.path.startswith("/img"):
            self._answer(200, bytes(size * n % 251 for n in range(5000 + size % 60_000)))
        elif url.path == "/item" and "'" in parse_qs(url.query).get("id", [""])[0]:
            self._answer(500, b"You have an error in your SQL syntax")
        elif url.path == "/item":
            self._answer(200, b"<html>item" + b"x" * 900)
        elif url.path == "/private":
            self._answer(401, b"<html>Authorization Required", ("WWW-Authenticate", 'Basic realm="x"'))
        else:
            self._answer(404, b"<html><h1>Not Found</h1>The requested URL was not found on this server.")

    def do_HEAD(self) -> None:
        """As for GET; what is too much is not read."""
        self.do_GET()

    def do_POST(self) -> None:
        """A login that fails."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer(200, b"<html>Login failed: wrong user name or password" + b"x" * 1500)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the capture is the log."""

    def _answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", "text/html"), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512


if __name__ == "__main__":
    _Server(("0.0.0.0", int(sys.argv[1])), Site).serve_forever()  # noqa: S104 - in a namespace without a way out
