"""The way from a sensor to its centre: batches out of the spool are posted one after the other until each is taken."""

from __future__ import annotations

import http.client
import json
import threading
import time
from typing import Any, Final
from urllib.parse import urlsplit

from contract.errors import InputError
from detector.sensor_spool import SensorSpool, Waiting

MEDIA_TYPE: Final = "application/vnd.apache.arrow.stream"
PATH: Final = "/v1/ingest/flows"
_TIMEOUT_S: Final = 30.0
_LEAST_S: Final = 0.25
_MOST_S: Final = 15.0
_BUSY: Final = (408, 425, 429, 500, 502, 503, 504, 507)
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


class SensorLink:
    """A thread that sends. ``fault`` is why nothing is sent at the moment, '' where it goes well.

    Raises ``InputError`` for an address that is none.
    """

    def __init__(self, url: str, key: str, spool: SensorSpool) -> None:
        self._secure, self._host, self._port, self._base = parts_of(url, secret=bool(key))
        self._key, self._spool = key, spool
        self._stop = threading.Event()
        self._connection: http.client.HTTPConnection | None = None
        self.fault = ""
        self.refused: InputError | None = None  # the centre will not take this, however often it is sent
        self.batches = 0
        self.bytes = 0
        self.told_to_wait = 0
        self._thread = threading.Thread(target=self._run, name="sensor-link", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Send nothing more."""
        self._stop.set()
        self._spool.end()
        self._thread.join(_TIMEOUT_S)
        self._close()

    def _run(self) -> None:
        pause = _LEAST_S
        while not self._stop.is_set():
            batch = self._spool.next(0.5)
            if batch is None:
                continue
            try:
                wait = self._send(batch)
            except InputError as error:
                self.fault, self.refused = str(error), error
                self._spool.end()
                return
            except (OSError, http.client.HTTPException) as error:
                self._close()
                self.fault = f"the centre cannot be reached: {error}"
                self._stop.wait(pause)
                pause = min(2 * pause, _MOST_S)
                continue
            pause = _LEAST_S
            if wait:
                self._stop.wait(wait)

    def _send(self, batch: Waiting) -> float:
        """Post one batch; how long to wait before the next try, 0 where it was taken."""
        try:
            data = batch.path.read_bytes()
        except FileNotFoundError:  # it had to go for a newer one
            self._spool.sent(batch)
            return 0.0
        headers = {"Content-Type": MEDIA_TYPE, "Batch-Id": batch.name}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        connection = self._open()
        connection.request("POST", f"{self._base}{PATH}", data, headers)
        reply = connection.getresponse()
        body = reply.read()
        if reply.status == 202:
            self._spool.sent(batch)
            self.fault = ""
            self.batches += 1
            self.bytes += len(data)
            return 0.0
        if reply.status in _BUSY:
            self.told_to_wait += 1
            self.fault = f"the centre says {reply.status}: {_detail(body)}"
            after = reply.headers.get("Retry-After", "1")
            return min(max(float(after), 0.05), _MOST_S) if after.replace(".", "", 1).isdecimal() else 1.0
        raise InputError(f"the centre refuses batch {batch.name} ({reply.status}): {_detail(body)}")

    def _open(self) -> http.client.HTTPConnection:
        if self._connection is None:
            kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
            self._connection = kind(self._host, self._port, timeout=_TIMEOUT_S)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def parts_of(url: str, *, secret: bool) -> tuple[bool, str, int, str]:
    """Whether it is secure, host, port and base path of a centre's address.

    Raises ``InputError`` for what is no address, and for one to which a key would go in the clear.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in ("http", "https") or not parts.hostname or port == -1 or parts.query or parts.username:
        raise InputError(f"--to {url!r} is no address of a centre, such as https://centre.example:8150")
    secure = parts.scheme == "https"
    if secret and not secure and parts.hostname not in _LOOPBACK:
        raise InputError(f"--to {url}: a key goes over https only (or to this machine); put TLS before the centre")
    return secure, parts.hostname, port or (443 if secure else 80), parts.path.rstrip("/")


def _detail(body: bytes) -> str:
    try:
        document: Any = json.loads(body)
    except ValueError:
        document = None
    return str(document.get("detail") or document.get("title")) if isinstance(document, dict) else "no reason given"


def wait_until_sent(link: SensorLink, spool: SensorSpool, timeout_s: float | None, stop: threading.Event) -> bool:
    """Wait until the centre has everything, ``stop`` is set or the time is over; whether it has everything."""
    end = None if timeout_s is None else time.monotonic() + timeout_s
    while not spool.drain(0.2):
        if stop.is_set() or link.refused is not None or (end is not None and time.monotonic() > end):
            return False
    return True
