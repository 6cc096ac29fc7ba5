"""What a command prints: one JSON document on stdout with ``--json``, else text for people; progress goes to stderr."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from rich.console import Console

_WIDE: Final = 160
ConfigFlag = Annotated[
    Path | None,
    typer.Option("--config", envvar="TENFOLD_CONFIG", help="Configuration file; see `tenfold config`."),
]
KeysFlag = Annotated[
    Path | None,
    typer.Option(
        "--keys",
        envvar="TENFOLD_KEYS",
        help="File of API keys, see `tenfold keys`; if nobody says, tenfold-keys.json where there is one.",
    ),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
TunnelsFlag = Annotated[
    str, typer.Option("--tunnels", help="inner meters what GRE, IP-in-IP, VXLAN and Geneve carry, outer the tunnels.")
]
ShardsFlag = Annotated[
    int | None,
    typer.Option("--shards", min=1, max=64, help="So many threads share the work; the answer stays the same."),
]
ProcessesFlag = Annotated[bool, typer.Option("--processes", help="Meter in as many processes as there are shards.")]


def key_file(named: Path | None) -> Path | None:
    """The key file that was named, else the one that lies here; None where there is none."""
    from api.key_file import DEFAULT_FILE

    return named or (DEFAULT_FILE if DEFAULT_FILE.exists() else None)


def print_json(document: Any) -> None:  # noqa: ANN401 - any JSON value
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def note(text: str) -> None:
    """A line for people on stderr."""
    sys.stderr.write(text + "\n")


def stdout_console() -> Console:
    """A rich console on stdout; a pipe or file, which has no width of its own, gets lines of 160."""
    from rich.console import Console

    wide = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if wide else _WIDE)


def stderr_console() -> Console:
    """A rich console on stderr, for progress."""
    from rich.console import Console

    return Console(stderr=True)
