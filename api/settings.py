"""What the service is told at its start. Nothing of it can be changed by a request."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contract.errors import InputError

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
    max_clients: int = 200  # live streams at once
    client_queue: int = 2048  # events that wait for a slow client before it is told of a gap
    poll_s: float = 0.25  # how often the store is asked for what is new, once for all clients
    heartbeat_s: float = 1.0

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The ``Host`` headers that are answered: anything else may be a page that rebinds its name to loopback."""
        return frozenset(_NAMES) | frozenset(f"{name}:{self.port}" for name in _NAMES)


def check_host(host: str) -> str:
    """The address to listen on. Raises ``InputError`` unless it is loopback: the service knows no users yet."""
    text = "127.0.0.1" if host == "localhost" else host
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise InputError(f"--host {host!r} is not an IP address; use 127.0.0.1") from None
    if not address.is_loopback:
        raise InputError(
            f"--host {host} is refused: the service has no access control yet and listens on loopback only "
            "(127.0.0.1); to look at it from elsewhere, forward the port over SSH"
        )
    return text
