"""``tenfold detect``: what the detector sees in a capture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.output import JsonFlag, note, print_json, stdout_console

if TYPE_CHECKING:
    from detector.offline import Result

_SHOWN: Final = 50


def command(
    capture: Annotated[Path, typer.Argument(help="A pcap or pcapng file, or an Arrow stream of frames.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for flows, verdicts (Parquet) and alerts (JSON).")
    ] = None,
    model: Annotated[Path | None, typer.Option("--model", help="A model file other than the one that ships.")] = None,
    json_: JsonFlag = False,
) -> None:
    """Find attacks in a capture: alerts, and how many flows of which family."""
    from detector.model import load, load_default
    from detector.offline import detect

    result = detect(capture, load(model) if model else load_default())
    document = _document(capture, result)
    if out:
        document["files"] = _write(out, result, document)
    for line in result.notes:
        note(line)
    if json_:
        print_json(document)
    else:
        _show(document)


def _document(capture: Path, result: Result) -> dict[str, Any]:
    import pyarrow.compute as pc

    final = result.verdicts.filter(result.verdicts.column("final"))
    words = pc.value_counts(final.column("family").cast("string").combine_chunks()).to_pylist()
    return {
        "capture": str(capture),
        "frames": result.frames,
        "flows": result.flows.num_rows,
        "families": {row["values"]: row["counts"] for row in sorted(words, key=lambda row: -row["counts"])},
        "alerts": [alert.as_dict() for alert in result.alerts],
        "notes": result.notes,
        "counts": result.counts,
        "ledger": result.ledger.as_dict(),
        "latency_ms": result.latency_ms,
        "stages_ms": result.stages_ms,
        "seconds": round(result.seconds, 3),
    }


def _write(out: Path, result: Result, document: dict[str, Any]) -> dict[str, str]:
    import contextlib
    import json
    import os

    import pyarrow.parquet as pq

    from contract.errors import InputError

    files = {name: out / name for name in ("flows.parquet", "verdicts.parquet", "alerts.json")}
    parts = {name: out / f".{name}.{os.getpid()}.part" for name in files}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path in files.values():
            if path.is_dir():
                raise InputError(f"{path}: cannot write: is a folder")
        pq.write_table(result.flows, parts["flows.parquet"])
        pq.write_table(result.verdicts, parts["verdicts.parquet"])
        parts["alerts.json"].write_text(json.dumps(document["alerts"], indent=1), encoding="utf-8")
        for name, path in files.items():
            parts[name].replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            for path in parts.values():
                path.unlink(missing_ok=True)
        raise InputError(f"{out}: cannot write: {error.strerror or error}") from None
    return {name: str(path) for name, path in files.items()}


def _show(document: dict[str, Any]) -> None:
    from rich.table import Table

    console = stdout_console()
    rate = document["frames"] / max(document["seconds"], 1e-9)
    families = ", ".join(f"{name} {count:,}" for name, count in document["families"].items())
    took = f"{document['seconds']:.1f} s ({rate:,.0f} frames/s)"
    console.print(f"{document['frames']:,} frames, {document['flows']:,} flows in {took}")
    console.print(f"flows by verdict: {families or 'none'}")
    if not document["alerts"]:
        console.print("no alert")
        return
    table = Table("severity", "family", "technique", "from", "to", "flows", "since", "evidence")
    for alert in document["alerts"][:_SHOWN]:
        table.add_row(
            alert["severity"],
            alert["family"],
            alert["technique"]["id"],
            _some(alert["attackers"], alert["attackers_total"]),
            _some(alert["victims"], alert["victims_total"]),
            f"{alert['flows']:,}",
            alert["first_seen_text"],
            "; ".join(alert["evidence"]),
        )
    console.print(table)
    if len(document["alerts"]) > _SHOWN:
        console.print(f"and {len(document['alerts']) - _SHOWN} more; --json prints all")


def _some(names: list[str], total: int) -> str:
    more = max(total - 1, 0)
    return (names[0] if names else "?") + (f" and {more:,} more" if more else "")
