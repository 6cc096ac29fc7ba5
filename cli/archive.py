"""``tenfold archive``: copy runs to where more fits than on one disk, and tend what lies there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.output import JsonFlag, note, print_json, stdout_console
from contract.errors import InputError, LackingError

if TYPE_CHECKING:
    from store.lake.archiver import Archiver
    from store.lake.base import Holding, Lake

_DOUBLED: Final = 1
_MIB: Final = 1 << 20


def command(  # noqa: PLR0917 - each parameter is a flag that a user types
    to: Annotated[str, typer.Option("--to", help="A folder or a URL: s3://bucket/prefix, gs://, abfs://, ...")],
    runs: Annotated[list[Path] | None, typer.Argument(help="Run folders; none: only look, or tend.")] = None,
    catalog: Annotated[
        str | None,
        typer.Option(help="Iceberg tables: a catalog of .pyiceberg.yaml, sqlite:///FILE, or a REST address."),
    ] = None,
    namespace: Annotated[str, typer.Option(help="With --catalog: where the tables are.")] = "tenfold",
    what: Annotated[list[str] | None, typer.Option(help="alerts, detections, flows; may be given again.")] = None,
    label: Annotated[str, typer.Option(help="The run under which the rows stand; else the folder's name.")] = "",
    follow: Annotated[
        float | None, typer.Option("--follow", min=0.05, help="Go on every so many seconds until Ctrl-C.")
    ] = None,
    keep_days: Annotated[float, typer.Option(min=0, help="Remove hours of traffic that are older; 0: none.")] = 0.0,
    merge_mb: Annotated[int, typer.Option(min=0, help="Merge files smaller than half of it; 0: none.")] = 0,
    json_: JsonFlag = False,
) -> None:
    """Copy what runs hold to an archive, Parquet or Iceberg, each row once; remove the old, merge the small."""
    from store.formats.base import WHATS
    from store.lake.opening import keep_before, open_lake

    folders = list(runs or ())
    whats = tuple(dict.fromkeys(what or WHATS))
    if unknown := [one for one in whats if one not in WHATS]:
        raise InputError(f"--what {unknown[0]!r}: it is one of {', '.join(WHATS)}")
    if (label or follow) and len(folders) != 1:
        raise InputError("--label and --follow are for one run")
    lake = open_lake(to, catalog, namespace)
    document: dict[str, Any] = {"to": to, "runs": [_copied(lake, to, run, whats, label, follow) for run in folders]}
    before = keep_before(keep_days)
    if before is not None or merge_mb:
        tended = lake.tend(whats, before, merge_mb * _MIB)
        document["tended"] = vars(tended)
    held = lake.holds(whats)
    document["holds"] = {name: _held(one) for name, one in held.items()}
    if json_:
        print_json(document)
    else:
        _show(document)
    if any(one.doubled for one in held.values()):
        note("files whose rows are in another file, too: were two processes filling or tending it at once?")
        raise typer.Exit(_DOUBLED)


def _copied(
    lake: Lake, to: str, run: Path, whats: tuple[str, ...], label: str, every_s: float | None
) -> dict[str, Any]:
    from dataclasses import asdict, replace

    from campaign.export import opened
    from store.lake.archiver import Archiver
    from store.lake.claim import claimed

    with opened(run) as (feed, origin), claimed(run, to, label or origin.run):
        archiver = Archiver(feed, lake, replace(origin, run=label) if label else origin, whats)
        if every_s:
            _follow(archiver, every_s)
        else:
            archiver.copy()
    return {"run": label or origin.run, "copied": {name: asdict(one) for name, one in archiver.copied.items()}}


def _follow(archiver: Archiver, every_s: float) -> None:
    import signal
    import threading

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    while True:
        last = stop.is_set()
        try:
            archiver.copy()
        except LackingError as error:  # it is away: what waits is in the run
            if last:
                raise
            note(str(error))
        if last:
            return
        stop.wait(every_s)


def _held(one: Holding) -> dict[str, Any]:
    from contract.clock import iso

    first, last = (None if hour is None else iso(hour * 3_600_000_000_000) for hour in (one.first_hour, one.last_hour))
    return {"files": one.files, "bytes": one.bytes, "runs": sorted(one.runs), "first_hour": first, "last_hour": last,
            "doubled": one.doubled}  # fmt: skip


def _show(document: dict[str, Any]) -> None:
    from rich.table import Table

    for one in document["runs"]:
        rows = ", ".join(f"{copied['rows']:,} {what}" for what, copied in one["copied"].items())
        note(f"{one['run']}: {rows} copied")
    if tended := document.get("tended"):
        note(f"{tended['files_removed']:,} files removed, {tended['files_merged']:,} became {tended['files_made']:,}")
        for line in tended["notes"]:
            note(line)
    table = Table("", "files", "MiB", "runs", "first hour (UTC)", "last hour (UTC)")
    for what, one in document["holds"].items():
        hours = ((one[name] or "")[:13].replace("T", " ") for name in ("first_hour", "last_hour"))
        table.add_row(what, f"{one['files']:,}", f"{one['bytes'] / _MIB:,.1f}", f"{len(one['runs']):,}", *hours)
    stdout_console().print(table)
