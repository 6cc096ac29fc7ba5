"""``tenfold meter``: the flows of a capture with all that is known of them, nothing classified."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import JsonFlag, TunnelsFlag, note, print_json, stdout_console

if TYPE_CHECKING:
    from detector.metering import Metered


def command(
    capture: Annotated[Path, typer.Argument(help="A pcap or pcapng file, or an Arrow stream of frames.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="File for the flows, one row each: .parquet, .arrow or .csv.")
    ] = None,
    idle: Annotated[float, typer.Option("--idle", help="Seconds without a frame after which a flow has ended.")] = 60.0,
    active: Annotated[
        float, typer.Option("--active", help="Seconds after which a flow goes on as a new one.")
    ] = 1800.0,
    tunnels: TunnelsFlag = "outer",
    bare: Annotated[
        bool, typer.Option("--bare", help="Only who, when, packets and bytes, at several times the rate.")
    ] = False,
    live_flows: Annotated[int, typer.Option("--live-flows", help="Flows kept at a time, at most.")] = 1 << 19,
    json_: JsonFlag = False,
) -> None:
    """Meter a capture into bidirectional flows: counts, sizes, times, TCP, DNS, Community ID, one row a flow."""
    from contract.errors import InputError

    for name, value in (("--idle", idle), ("--active", active), ("--live-flows", live_flows)):
        if not 0 < value < math.inf:
            raise InputError(f"{name} {value:g}: it takes a number above 0")
    if bare and tunnels == "inner":
        raise InputError("--bare meters tunnels as they are: leave out --tunnels inner")
    from detector.bare_facts import BARE_FACTS
    from detector.fact_files import FactFile
    from detector.flow_facts import FLOW_FACTS
    from detector.metering import meter_capture

    file = FactFile(out, BARE_FACTS if bare else FLOW_FACTS) if out else None
    tell = file.write if file else None
    with contextlib.ExitStack() as stack:
        if file:
            stack.callback(file.abandon)
        found = meter_capture(
            capture, tell, capacity=live_flows, idle_s=idle, active_s=active, tunnels=tunnels, bare=bare
        )
        if file:
            file.finish()
    document = _document(capture, out, found)
    for line in found.notes:
        note(line)
    if json_:
        print_json(document)
    else:
        _show(document)
    if not document["ledger"]["balanced"]:
        raise typer.Exit(1)


def _document(capture: Path, out: Path | None, found: Metered) -> dict[str, Any]:
    seconds = max(found.seconds, 1e-9)
    return {
        "capture": str(capture),
        "out": str(out) if out else None,
        "frames": found.frames,
        "flows": found.flows,
        "traffic_seconds": round(found.traffic_seconds, 6),
        "seconds": round(found.seconds, 3),
        "frames_per_s": round(found.frames / seconds),
        "flows_per_s": round(found.flows / seconds),
        "protocols": {
            name: dict(sums) for name, sums in sorted(found.protocols.items(), key=lambda item: -item[1]["flows"])
        },
        "ended": dict(found.ended.most_common()),
        "counts": found.counts,
        "notes": found.notes,
        "ledger": found.ledger.as_dict(),
    }


def _show(document: dict[str, Any]) -> None:
    from rich.table import Table

    console = stdout_console()
    console.print(
        f"{document['frames']:,} frames, {document['flows']:,} flows, {document['traffic_seconds']:,.1f} s of traffic "
        f"in {document['seconds']:.2f} s ({document['frames_per_s']:,} frames/s)"
    )
    table = Table("protocol", "flows", "packets", "bytes")
    for name, sums in document["protocols"].items():
        table.add_row(name, *(f"{sums[key]:,}" for key in ("flows", "packets", "bytes")))
    console.print(table)
    console.print("ended: " + (", ".join(f"{name} {count:,}" for name, count in document["ended"].items()) or "none"))
    ledger = document["ledger"]
    lost = {reason: n for stage in ledger["stages"].values() for reason, n in stage["dropped"].items()}
    console.print("not metered: " + (", ".join(f"{reason} {n:,}" for reason, n in lost.items()) or "none"))
    console.print("ledger: balanced" if ledger["balanced"] else f"ledger: {'; '.join(ledger['faults'])}")
    if document["out"]:
        console.print(f"flows written to {document['out']}")
