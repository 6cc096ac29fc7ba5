"""A replay into files: the frames, and their truth beside them as ``tenfold generate`` writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from campaign.judge import TRUTH_SUFFIX
from campaign.replay_request import Request
from campaign.replay_survey import TABLE_SUFFIX
from campaign.replaying import open_replay
from contract.errors import InputError
from contract.ledger import Ledger
from generator.replay.truth import document
from generator.sinks import open_sink
from generator.truth_file import TruthFile, refuse_folder, write_json


def write(request: Request, out: Path) -> dict[str, Any]:
    """Write the frames of a replay to ``out``, and its truth if the capture has any; what was done, as JSON.

    Either all files appear, complete, or none. Raises ``InputError`` as ``open_replay`` and the sinks do.
    """
    if out.exists() and Path(request.capture).exists() and out.samefile(request.capture):
        raise InputError(f"{out}: is the capture itself; write to another file")
    traffic = open_replay(request)
    known = traffic.known
    truth_json, truth_table = out.with_name(out.name + TRUTH_SUFFIX), out.with_name(out.name + TABLE_SUFFIX)
    sink = open_sink(out)
    rows: TruthFile | None = None
    frames = size = 0
    try:
        refuse_folder(truth_json)
        rows = TruthFile(truth_table) if known else None
        for batch in traffic.frames():
            sink.write(batch)
            frames += len(batch)
            size += int(batch.column("wire_len").to_numpy().sum())
        _check(traffic.ledger())
        if rows:
            for part in traffic.rows(traffic.end_ns):
                rows.write(part)
            write_json(document(traffic.entries(), out.name, traffic.otherwise), truth_json)
            rows.close()
    except BaseException:
        sink.abort()
        if rows:
            rows.abort()
        raise
    sink.close()  # last: where the capture is, its truth is
    return {
        "capture": str(out),
        "truth": str(truth_json) if known else None,
        "truth_table": str(truth_table) if known else None,
        "frames": frames,
        "bytes": size,
        "seconds": round((traffic.end_ns - traffic.start_ns) / 1e9, 6),
        "attempts": len(traffic.starts),
        "seed": request.seed,
        "ledger": traffic.ledger().as_dict(),
        "notes": traffic.notes,
    }


def _check(ledger: Ledger) -> None:
    if not ledger.balanced:
        raise InputError(f"the ledger does not balance: {'; '.join(ledger.faults())}")
