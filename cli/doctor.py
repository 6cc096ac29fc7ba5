"""``tenfold doctor``: what this machine has of what Tenfold can use."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.output import JsonFlag, print_json, stdout_console
from contract.errors import LackingError, TenfoldError

_MIN_FREE: Final = 2 << 30


@dataclass(frozen=True)
class Finding:
    """One line of the report. ``needed`` findings that are not ``ok`` end in exit code 3."""

    what: str
    ok: bool
    needed: bool
    detail: str


def command(
    runs: Annotated[Path, typer.Option(help="The folder of runs that will be written.")] = Path("runs"),
    json_: JsonFlag = False,
) -> None:
    """Check this machine: Python, libraries, kernels, model, disk, sockets, optional tools."""
    checks: tuple[Callable[[Path], Finding], ...] = (
        _python,
        _kernels,
        _model,
        _folder,
        _disk,
        _sockets,
        _cores,
        _tshark,
        _locust,
    )
    findings = [check(runs) for check in checks]
    if json_:
        print_json([asdict(finding) for finding in findings])
    else:
        from rich.table import Table

        table = Table("", "what", "")
        for finding in findings:
            mark = "[green]ok[/]" if finding.ok else ("[red]missing[/]" if finding.needed else "[yellow]absent[/]")
            table.add_row(mark, finding.what, finding.detail)
        stdout_console().print(table)
    lacking = [finding for finding in findings if finding.needed and not finding.ok]
    if lacking:
        raise LackingError("; ".join(f"{finding.what}: {finding.detail}" for finding in lacking))


def _python(_: Path) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python 3.11 or newer", sys.version_info >= (3, 11), needed=True, detail=version)


def _kernels(_: Path) -> Finding:
    try:
        from contract.jit import kernel

        ok = kernel(_double)(21) == 42
    except LackingError as error:
        return Finding("compiled kernels", ok=False, needed=True, detail=str(error))
    except (ImportError, RuntimeError) as error:
        return Finding("compiled kernels", ok=False, needed=True, detail=f"{error}; `make install` brings numba")
    return Finding("compiled kernels", ok, needed=True, detail="numba compiles and caches")


def _double(value: int) -> int:
    return value + value


def _model(_: Path) -> Finding:
    from detector.drift import NO_REFERENCE, Drift
    from detector.model import load_default

    try:
        model = load_default()
    except TenfoldError as error:  # it says itself what to do
        return Finding("detection model", ok=False, needed=True, detail=str(error))
    except (OSError, ValueError, ImportError) as error:
        return Finding("detection model", ok=False, needed=True, detail=f"{error}; `tenfold train` makes one")
    drift = Drift(model.card)
    known = f"{drift.sources} networks to compare with" if drift.sources else drift.fault or NO_REFERENCE
    return Finding("detection model", ok=True, needed=True, detail=f"{len(model.families)} families; drift: {known}")


def _existing(folder: Path) -> Path:
    folder = folder.absolute()
    while not _there(folder):
        folder = folder.parent
    return folder


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # inside a folder that may not be entered, or too long a name
        return False


def _folder(runs: Path) -> Finding:
    base = _existing(runs)
    ok = base.is_dir() and os.access(base, os.W_OK | os.X_OK)
    return Finding(
        "folder of runs", ok, needed=True, detail=f"{runs} {'can' if ok else 'cannot'} be written; --runs names another"
    )


def _disk(runs: Path) -> Finding:
    free = shutil.disk_usage(_existing(runs)).free
    return Finding(
        "free disk", free >= _MIN_FREE, needed=True, detail=f"{free / 2**30:.1f} GiB; a minute at 10x takes about 1 GiB"
    )


def _sockets(_: Path) -> Finding:
    try:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
    except OSError as error:
        return Finding("loopback", ok=False, needed=True, detail=str(error))
    return Finding("loopback", ok=True, needed=True, detail="a port can be opened on 127.0.0.1")


def _cores(_: Path) -> Finding:
    cores = len(os.sched_getaffinity(0))
    return Finding("two cores", cores >= 2, needed=False, detail=f"{cores}; generator and detector run side by side")


def _tshark(_: Path) -> Finding:
    path = shutil.which("tshark")
    return Finding(
        "tshark", path is not None, needed=False, detail=path or "only tests use it: `apt-get install tshark`"
    )


def _locust(_: Path) -> Finding:
    from importlib.util import find_spec

    ok = find_spec("locust") is not None
    return Finding("locust", ok, needed=False, detail="load tests can run" if ok else "pip install 'tenfold[load]'")
