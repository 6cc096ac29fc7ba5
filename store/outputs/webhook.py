"""An HTTP request for each batch, to a target named in the configuration and nowhere else.

The body is signed (HMAC-SHA256 over time and body), certificates are verified, redirects are refused, and no proxy of
the environment is used.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import orjson

from contract.clock import calendar
from contract.config_key import Key
from contract.errors import InputError
from contract.files import read_text
from contract.version import VERSION
from store.formats.base import Origin
from store.outputs.base import Batch, Kind, RefusedError, UnavailableError

_MOST_ANSWER: Final = 1 << 16
_MOST_SECRET: Final = 1 << 12
_REFUSED: Final = (400, 413, 415, 422)  # of the batch itself; whatever else is wrong may be put right meanwhile


class Webhook:
    """One target. See ``store.outputs.base.Target``."""

    def __init__(self, values: Mapping[str, Any], origin: Origin, folder: Path) -> None:
        self._url = urlsplit(values["url"])
        self._name, self._run = values["name"], origin.run
        self._timeout: float = values["timeout_s"]
        self._body: str = values["body"]
        secret = values.get("secret_file")
        self._secret = _secret(folder / secret) if secret else b""
        bearer = values.get("token_file")
        self._token = _secret(folder / bearer).decode() if bearer else ""
        self._ca = values.get("ca_file")
        self._connection: http.client.HTTPConnection | None = None

    def deliver(self, batch: Batch) -> None:
        """Post the batch."""
        body = self._encoded(batch)
        path = self._url.path or "/"
        target = f"{path}?{self._url.query}" if self._url.query else path
        try:
            if self._connection is None:
                self._connection = self._connected()
            self._connection.request("POST", target, body, self._headers(batch, body))
            answer = self._connection.getresponse()
            text = answer.read(_MOST_ANSWER)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise UnavailableError(f"{self._url.netloc}: {_words(error)}") from None
        if answer.will_close or not answer.isclosed():
            self.close()
        if 200 <= answer.status < 300:
            return
        said = text[:120].decode(errors="replace").split("\n")[0].strip()
        reason = f"{self._url.netloc}: HTTP {answer.status}{f': {said}' if said else ''}"
        if answer.status in _REFUSED:
            raise RefusedError(reason)
        if 300 <= answer.status < 400:
            raise UnavailableError(f"{self._url.netloc}: HTTP {answer.status}: redirects are not followed")
        raise UnavailableError(reason, _asked_s(answer.getheader("Retry-After", ""), answer.getheader("Date", "")))

    def reopen(self) -> None:
        """A connection that was closed is made anew anyway."""

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _encoded(self, batch: Batch) -> bytes:
        if self._body == "ndjson":
            return b"\n".join(batch.lines) + b"\n"
        document = {"delivery": batch.id, "output": self._name, "run": self._run, "what": batch.what}
        return orjson.dumps(document | {"records": [orjson.Fragment(line) for line in batch.lines]})

    def _headers(self, batch: Batch, body: bytes) -> dict[str, str]:
        kind = "application/x-ndjson" if self._body == "ndjson" else "application/json"
        headers = {"Content-Type": kind, "User-Agent": f"tenfold/{VERSION}", "Tenfold-Delivery": batch.id}
        if self._secret:
            headers["Tenfold-Signature"] = signature(self._secret, int(time.time()), body)
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers

    def _connected(self) -> http.client.HTTPConnection:
        host = self._url.hostname or ""
        if self._url.scheme == "http":
            return http.client.HTTPConnection(host, self._url.port or 80, timeout=self._timeout)
        context = ssl.create_default_context(cafile=self._ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return http.client.HTTPSConnection(host, self._url.port or 443, timeout=self._timeout, context=context)


def signature(secret: bytes, moment: int, body: bytes) -> str:
    """What stands in ``Tenfold-Signature``: the time and HMAC-SHA256 (RFC 2104) over ``TIME.BODY``.

    The time is in it so that a receiver can refuse what somebody recorded and sends again.
    """
    digest = hmac.new(secret, b"%d." % moment + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def _asked_s(text: str, said_at: str) -> float:
    """``Retry-After`` (RFC 9110, 10.2.3) in seconds, 0 where it says nothing that makes sense.

    A date is held against the ``Date`` of the same answer: our own wall clock may say anything.
    """
    if text.strip().isdecimal():
        return float(text)
    try:
        said = parsedate_to_datetime(said_at).timestamp() if said_at else calendar().now_ns() / 1e9
        return max(0.0, parsedate_to_datetime(text).timestamp() - said)
    except (ValueError, TypeError):
        return 0.0


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate refused: {error.verify_message}"
    if isinstance(error, TimeoutError | socket.gaierror):
        return str(error.args[-1]) if error.args else "timed out"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _secret(path: Path) -> bytes:
    """The secret in a file, without the line end. Raises ``InputError`` where it is empty."""
    secret = read_text(path, "file with a secret", _MOST_SECRET).strip().encode()
    if not secret:
        raise InputError(f"{path}: is empty; it should hold a secret")
    return secret


def _check(values: Mapping[str, Any]) -> None:
    try:
        url: SplitResult = urlsplit(values["url"])
        sound = url.scheme in ("http", "https") and bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        sound = False
    if not sound or url.fragment:
        raise InputError(f"url: {values['url']!r} is no https address")
    if url.username or url.password:
        raise InputError("url: names and passwords do not belong into it; token_file holds a bearer token")
    if url.scheme == "http" and not _is_loopback(url.hostname or ""):
        raise InputError("url: http is for this machine alone (127.0.0.1, localhost); elsewhere it must be https")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _make(values: Mapping[str, Any], origin: Origin, folder: Path) -> Webhook:
    return Webhook(values, origin, folder)


KIND: Final = Kind(
    "webhook",
    "An HTTP POST for each batch. Secrets stand in files of their own, never in this one.",
    (
        Key("url", "text", "Where to; https, or http on this machine.", needed=True, example="https://soc.example/in"),
        Key(
            "body",
            "choice",
            "One JSON object with all records, or a record a line.",
            "json",
            choices=("json", "ndjson"),
        ),
        Key("secret_file", "text", "A file with the key of the signature (HMAC-SHA256).", example="hook.key"),
        Key("token_file", "text", "A file with a bearer token.", example="hook.token"),
        Key("ca_file", "text", "Certificates to trust instead of the system's.", example="ca.pem"),
        Key("timeout_s", "number", "How long the target may take.", 10.0, 0.1, 600),
    ),
    _check,
    _make,
)
