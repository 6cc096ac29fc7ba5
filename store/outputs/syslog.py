"""Syslog (RFC 5424): over UDP (RFC 5426), TCP with octet counting (RFC 6587), TLS (RFC 5425), or a Unix socket.

Syslog has no acknowledgement. Over TCP a batch counts as delivered when the peer's kernel has it (the send queue is
empty); over UDP and a Unix datagram socket when it was sent.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import socket
import ssl
import struct
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from contract.config_key import Key
from contract.errors import InputError
from contract.version import VERSION
from store.formats.base import Origin
from store.outputs.base import Batch, Kind, RefusedError, UnavailableError

_SIOCOUTQ: Final = 0x5411  # bytes of the send queue that the peer has not acknowledged (Linux)
_FACILITIES: Final = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "audit", "alert", "clock", *(f"local{number}" for number in range(8)),
)  # fmt: skip
_LEVELS: Final = {"critical": 2, "high": 3, "medium": 4, "low": 5, "informational": 6}
_STREAMS: Final = ("tcp", "tls")
_MOST_SEQUENCE: Final = 2_147_483_647


class Syslog:
    """One receiver. See ``store.outputs.base.Target``."""

    def __init__(self, values: Mapping[str, Any], origin: Origin) -> None:
        self._transport: str = values["transport"]
        self._address: str = values["address"]
        self._facility = _FACILITIES.index(values["facility"])
        self._timeout: float = values["timeout_s"]
        self._most: int = values["max_bytes"]
        self._ca: str | None = values.get("ca_file")
        host = origin.sensor or socket.gethostname()
        self._host = "".join(letter for letter in host if "!" <= letter <= "~")[:255] or "-"
        self._sequence = 0
        self._socket: socket.socket | None = None
        self._stream = False

    def deliver(self, batch: Batch) -> None:
        """Send each record as a message."""
        messages = [self._message(batch, at) for at in range(len(batch.lines))]
        try:
            if self._socket is not None and self._stream and _is_over(self._socket):
                self.close()
            if self._socket is None:
                self._socket, self._stream = self._connected()
            if self._stream:
                self._socket.sendall(b"".join(b"%d %s" % (len(message), message) for message in messages))
                self._await_acknowledged(self._socket)
            else:
                for message in messages:
                    self._socket.send(message)
        except OSError as error:
            self.close()
            if error.errno == errno.EMSGSIZE:
                raise RefusedError(f"{self._address}: a record is too long for {self._transport}") from None
            raise UnavailableError(f"{self._address}: {error.strerror or error}") from None

    def reopen(self) -> None:
        """A connection that was closed is made anew anyway."""

    def close(self) -> None:
        """Let go of the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _message(self, batch: Batch, at: int) -> bytes:
        self._sequence = self._sequence % _MOST_SEQUENCE + 1
        line = batch.lines[at]
        priority = self._facility * 8 + _LEVELS[batch.levels[at]]
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        data = f'[origin software="Tenfold" swVersion="{VERSION}"][meta sequenceId="{self._sequence}"]'
        head = f"<{priority}>1 {now} {self._host} tenfold {os.getpid()} {batch.what} {data} "
        message = head.encode() + line
        if len(message) > self._most:
            raise RefusedError(f"{self._address}: a message of {len(message):,} bytes is longer than max_bytes")
        return message

    def _connected(self) -> tuple[socket.socket, bool]:
        """A socket, and whether it is a stream."""
        if self._transport == "unix":
            return _unix(self._address, self._timeout)
        host, port = host_and_port(self._address)
        if self._transport == "udp":
            family, kind, number, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
            made = socket.socket(family, kind, number)
            made.settimeout(self._timeout)
            made.connect(place)  # so that a port on which nobody listens is told of
            return made, False
        made = socket.create_connection((host, port), self._timeout)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._transport == "tls":
            context = ssl.create_default_context(cafile=self._ca)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            made = context.wrap_socket(made, server_hostname=host)
        return made, True

    def _await_acknowledged(self, made: socket.socket) -> None:
        """Wait until the peer's kernel has taken all. Raises ``OSError`` where it does not in time."""
        if made.family == socket.AF_UNIX:
            return
        until = time.monotonic() + self._timeout
        while struct.unpack("i", fcntl.ioctl(made.fileno(), _SIOCOUTQ, b"\0\0\0\0"))[0]:
            if _is_over(made):
                raise ConnectionResetError(errno.ECONNRESET, "the connection was closed before all was taken")
            if time.monotonic() > until:
                raise TimeoutError(errno.ETIMEDOUT, "not taken in time")
            time.sleep(0.001)


def _is_over(made: socket.socket) -> bool:
    """Whether the peer has closed: syslog servers send nothing, so whatever can be read is the end."""
    if isinstance(made, ssl.SSLSocket):
        return False  # its own protocol may have something to say; a closed one fails at the next send
    asked = select.poll()
    asked.register(made, select.POLLIN)
    # Asked first: a socket with a timeout waits for it in ``recv``, whatever its flags.
    return bool(asked.poll(0)) and made.recv(1, socket.MSG_PEEK) == b""


def _unix(path: str, timeout: float) -> tuple[socket.socket, bool]:
    """A datagram socket as most daemons have; a stream where that is what listens."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        made = socket.socket(socket.AF_UNIX, kind)
        made.settimeout(timeout)
        try:
            made.connect(path)
        except OSError as error:
            made.close()
            if kind == socket.SOCK_STREAM or error.errno != errno.EPROTOTYPE:
                raise
        else:
            return made, kind == socket.SOCK_STREAM
    raise AssertionError("one of the two returns or raises")


def host_and_port(address: str) -> tuple[str, int]:
    """``host:port`` or ``[v6]:port`` in its parts. Raises ``InputError``."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 1 <= int(port) <= 65_535:
        raise InputError(f"address: {address!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def _check(values: Mapping[str, Any]) -> None:
    if values.get("ca_file") and values["transport"] != "tls":
        raise InputError(f"ca_file: with transport {values['transport']} nothing is verified; take tls or leave it out")
    if values["transport"] == "unix":
        if not Path(values["address"]).is_absolute():
            raise InputError("address: with transport unix it is the absolute path of a socket, as /dev/log")
    else:
        host_and_port(values["address"])


def _make(values: Mapping[str, Any], origin: Origin, _: Path) -> Syslog:
    return Syslog(values, origin)


KIND: Final = Kind(
    "syslog",
    "Messages of RFC 5424 whose text is the record.",
    (
        Key("transport", "choice", "How they travel.", "udp", choices=("udp", *_STREAMS, "unix")),
        Key("address", "text", "HOST:PORT; of unix the path of the socket.", needed=True, example="192.0.2.5:514"),
        Key("facility", "choice", "The facility of all messages.", "local0", choices=_FACILITIES),
        Key("max_bytes", "whole", "A longer message becomes a dead letter.", 65_000, 480, 1 << 24),
        Key("timeout_s", "number", "How long the receiver may take.", 10.0, 0.1, 600),
        Key("ca_file", "text", "With tls: certificates to trust instead of the system's.", example="ca.pem"),
    ),
    _check,
    _make,
)
