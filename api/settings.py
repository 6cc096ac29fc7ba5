"""What the service is told at its start. Nothing of it can be changed by a request."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from contract.errors import InputError
from contract.host_names import is_host_name

DEFAULT_PORT: Final = 8150
MIB: Final = 1 << 20
_NAMES: Final = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class Settings:
    """Where the runs lie, where to listen, and the limits that hold.

    ``run`` pins the run that is shown where a request names none; otherwise it is the one that is active, else the
    latest. ``config`` is the configuration file of the detectors that it starts.
    """

    runs: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    run: str | None = None
    config: Path | None = None
    max_body: int = 64 * 1024  # bytes of a JSON body
    max_ingest: int = 64 * MIB  # bytes of one Arrow batch posted by a sensor
    max_backlog: int = 512 * MIB  # bytes spooled and not yet taken by the detector; above it a sensor is told to wait
    min_free: int = 256 * MIB  # bytes that must be free on the disk of the runs; below, nothing more is taken in
    max_clients: int = 200  # live streams at once
    keys: Path | None = None  # the file of API keys; without it everybody may do everything, on loopback only
    otel: str | None = None  # the collector that gets traces and metrics of requests
    names: tuple[str, ...] = ()  # further names that it answers to, with a port where only that one is meant
    key_rate: float = 500.0  # requests a second of one key
    key_at_once: int = 256  # requests of one key that may be open, streams included
    client_queue: int = 2048  # events that wait for a slow client before it is told of a gap
    poll_s: float = 0.02  # how often the store is asked whether anything is new, once for all clients
    heartbeat_s: float = 1.0
    patience_s: float = 10.0  # a live client that takes nothing for so long is cut off

    def told(self) -> dict[str, object]:
        """What may be told of them: limits and names, never a path of the machine."""
        hidden = ("runs", "config", "keys", "otel")
        shown = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in hidden}
        return shown | {"keys": self.keys is not None, "otel": self.otel is not None}

    def answers_to(self, host: str) -> bool:
        """Whether a ``Host`` header is one of its own: another may be a page that rebinds its name to this address.

        An address cannot be rebound, so any is right once the service listens on more than loopback.
        """
        text = host.lower()
        name, port = _split(text)
        if name in _NAMES:
            return port in ("", str(self.port)) or (not self.loopback and port.isdecimal())
        if name and (name in self.names or text in self.names):
            return not port or port.isdecimal()
        return not self.loopback and _is_address(name)

    @property
    def loopback(self) -> bool:
        """Whether it listens on loopback only."""
        return ipaddress.ip_address(self.host).is_loopback


def _split(host: str) -> tuple[str, str]:
    """Name (an IPv6 address in its brackets) and port of a ``Host`` header."""
    found = re.fullmatch(r"(\[[0-9a-f:.]{2,45}\]|[^:\[\]]*)(?::([0-9]{1,5}))?", host)
    return (found[1], found[2] or "") if found else ("", "")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def check_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names for ``Settings``, in lower case. Raises ``InputError`` for what cannot stand in a ``Host`` header."""
    found = tuple(name.strip().lower() for name in names)
    for name in found:
        if not is_host_name(name):
            raise InputError(f"--name {name!r} is no host name; write tenfold.example or tenfold.example:8150")
    return found


def check_host(host: str, *, keys: bool = False) -> str:
    """The address to listen on. Raises ``InputError`` for another one than loopback where there are no keys."""
    text = "127.0.0.1" if host == "localhost" else host
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise InputError(f"--host {host!r} is not an IP address; use 127.0.0.1") from None
    if not address.is_loopback and not keys:
        raise InputError(
            f"--host {host} is refused without keys: whoever reaches that address could do everything; make one with "
            "`tenfold keys add NAME --scopes read,operate`, or listen on 127.0.0.1 and forward the port over SSH"
        )
    return text
