"""Where a campaign goes, what it leaves, and the port of its page."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from campaign.runfolder import RunFolder
from contract.errors import InputError

SHOWN_HOST: Final = "127.0.0.1"
Json = dict[str, Any]


@dataclass(frozen=True)
class Options:
    """Where the run goes and what runs beside it. ``model`` is a model file other than the one that ships.

    ``config`` is the detector's configuration file, of which the run folder gets a copy; ``keys`` the file of API keys.
    """

    runs: Path = Path("runs")
    run_id: str | None = None
    serve: bool = False
    port: int = 8150
    model: Path | None = None
    config: Path | None = None
    keys: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """A finished run: its folder and scorecard. ``passed`` is None where it was interrupted."""

    folder: RunFolder
    card: Json
    passed: bool | None


def check_port(port: int) -> None:
    """Raise ``InputError`` where nobody can listen on that port of loopback."""
    if not 1 <= port <= 65_535:
        raise InputError(f"port {port} is none: ports go from 1 to 65535")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((SHOWN_HOST, port))
        except OSError as error:
            raise InputError(
                f"port {port} cannot be used: {error.strerror}; choose another with --port, or --no-serve"
            ) from None
