"""``tenfold export``: what a run holds, in the formats that others read."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.generate import moment_ns
from cli.output import JsonFlag, note, print_json
from contract.errors import InputError

if TYPE_CHECKING:
    from store.feed import Feed
    from store.filters import Filters

_STDOUT: Final = Path("-")
_FRAMES: Final = ("pcap", "pcapng")
_BINARY: Final = ("parquet", *_FRAMES)
_NAVIGATOR: Final = "navigator"


def command(  # noqa: PLR0917 - each parameter is a flag that a user types
    run: Annotated[Path, typer.Argument(help="A run folder, or one that `tenfold detect --out` wrote.")],
    format_: Annotated[
        str, typer.Option("--format", help="eve, ocsf, csv, parquet, ndjson, navigator (ATT&CK layer), pcap or pcapng.")
    ] = "eve",
    what: Annotated[str, typer.Option(help="alerts, detections (verdicts on flows) or flows.")] = "alerts",
    out: Annotated[Path, typer.Option("--out", "-o", help="A file, or - for standard output.")] = _STDOUT,
    alert: Annotated[int | None, typer.Option(help="With pcap: the alert whose frames are wanted.")] = None,
    capture: Annotated[
        Path | None, typer.Option(help="With pcap: the capture that was judged, where no run can make it again.")
    ] = None,
    family: Annotated[str | None, typer.Option(help="Only this family.")] = None,
    group: Annotated[str | None, typer.Option(help="Only families of this group.")] = None,
    host: Annotated[str | None, typer.Option(help="Only what has this address on either side.")] = None,
    since: Annotated[str, typer.Option(help="Only what lasted beyond this moment (ISO 8601).")] = "",
    until: Annotated[str, typer.Option(help="Only what had begun by this moment (ISO 8601).")] = "",
    severity: Annotated[str | None, typer.Option(help="Only alerts of this severity.")] = None,
    min_score: Annotated[float | None, typer.Option(help="Least score, or confidence of an alert.")] = None,
    community_id: Annotated[str | None, typer.Option(help="Only this flow, by its Community ID.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Detections: verdicts that call a flow ordinary, too.")] = False,
    json_: JsonFlag = False,
) -> None:
    """Write what a run holds as EVE, OCSF, CSV, Parquet, an ATT&CK layer, or an alert's frames as a capture."""
    from store.filters import Filters

    if out == _STDOUT and json_:
        raise InputError("--json prints a document on standard output: write the records to a file with --out")
    if out == _STDOUT and format_ in _BINARY and sys.stdout.isatty():
        raise InputError(f"{format_} is not for a terminal: give --out FILE, or pipe it")
    if (format_ in _FRAMES) != (alert is not None):
        raise InputError("--alert N is for --format pcap or pcapng, which write the frames of one alert")
    filters = Filters(
        family=family,
        group=group,
        host=host,
        since=moment_ns(since, "--since"),
        until=moment_ns(until, "--until"),
        severity=_severity(severity),
        min_score=min_score,
        community_id=community_id,
        attacks=not all_,
    )
    if alert is not None:
        document = _frames(run, format_, alert, out, capture)
    else:
        document = _records(run, format_, what, out, filters)
    if json_:
        print_json(document)
    elif out != _STDOUT:
        note(", ".join(f"{name} {value}" for name, value in document.items()))


def _severity(word: str | None) -> str | None:
    from contract.alert import SEVERITIES

    if word is not None and word not in SEVERITIES:
        raise InputError(f"--severity {word!r}: it is one of {', '.join(SEVERITIES)}")
    return word


def _records(run: Path, name: str, what: str, out: Path, filters: Filters) -> dict[str, Any]:
    from campaign.export import export, opened
    from store.formats.registry import format_of

    with opened(run) as (feed, origin), _sink(out) as sink:
        if name == _NAVIGATOR:
            document = _layer(run, feed, filters)
            sink.write((json.dumps(document, indent=1) + "\n").encode())
            return {"run": origin.run, "format": name, "techniques": len(document["techniques"]), "out": str(out)}
        count = export(feed, origin, format_of(name), what, filters, sink)
    return {"run": origin.run, "format": name, "what": what, "rows": count, "out": str(out)}


def _layer(run: Path, feed: Feed, filters: Filters) -> dict[str, Any]:
    """The ATT&CK Navigator's layer of the alerts that match."""
    from api.attack import grid, layer
    from campaign.export import alerts_of

    counts: Counter[str] = Counter()
    flows: Counter[str] = Counter()
    for page in alerts_of(feed, filters):
        for document in page:
            counts[document["family"]] += 1
            flows[document["family"]] += document["flows"]
    rows = [{"family": family, "flagged": count} for family, count in flows.items()]
    name = run.resolve().name
    return layer(name, name, grid(counts, rows))


def _frames(run: Path, name: str, alert: int, out: Path, capture: Path | None) -> dict[str, Any]:
    """The frames of one alert."""
    from campaign import alert_frames
    from campaign.export import opened

    with opened(run) as (feed, _):
        if out != _STDOUT:
            if out.suffix not in (f".{name}", ".arrow"):
                raise InputError(f"{out}: --format {name} wants a file that ends in .{name}")
            return alert_frames.write(feed, run, alert, out, capture) | {"out": str(out)}
        with tempfile.TemporaryDirectory(prefix="tenfold-export-") as folder:
            made = Path(folder) / f"alert.{name}"
            document = alert_frames.write(feed, run, alert, made, capture)
            with made.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()
    return document


@contextmanager
def _sink(out: Path) -> Iterator[IO[bytes]]:
    """Standard output, or a file that appears under its name when all is written."""
    from generator.sinks.records import Pending

    if out == _STDOUT:
        with tempfile.TemporaryFile() as spool:  # Parquet asks where it is, and a failure must not leave half of it
            yield spool
            spool.seek(0)
            shutil.copyfileobj(spool, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        return
    pending = Pending(out)
    try:
        yield pending.file
        pending.finish()
    except OSError as error:
        raise pending.refused(error) from None
    except BaseException:
        pending.abort()
        raise
