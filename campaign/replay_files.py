"""A replay into files: the frames, and their truth beside them as ``tenfold generate`` writes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from campaign.replay_request import Request
from campaign.replaying import open_replay
from contract.errors import InputError
from contract.ledger import Ledger
from generator.delivery import Delivery, delivered
from generator.replay.truth import document


def write(
    request: Request, out: Path, upto_ns: int | None = None, check: Callable[[Delivery], None] = lambda _: None
) -> dict[str, Any]:
    """Write the frames of a replay to ``out``, and its truth if the capture has any; what was done, as JSON.

    ``upto_ns``: only frames before that moment. Either all files appear, complete, or none; ``check`` sees what is to
    be delivered, and may raise. Raises ``InputError`` as ``open_replay`` and the sinks do.
    """
    if out.exists() and Path(request.capture).exists() and out.samefile(request.capture):
        raise InputError(f"{out}: is the capture itself; write to another file")
    traffic = open_replay(request)
    end_ns = traffic.end_ns if upto_ns is None else min(upto_ns, traffic.end_ns)
    with delivered(out, known=traffic.known) as delivery:
        for batch in traffic.frames():
            delivery.write(batch if end_ns == traffic.end_ns else _before(batch, end_ns))
        _check(traffic.ledger())
        if traffic.known:
            for part in traffic.rows(end_ns):
                delivery.know(part)
            delivery.document = document(traffic.entries(), out.name, traffic.otherwise)
        check(delivery)
    return {
        "capture": str(out),
        "truth": str(delivery.truth) if delivery.truth else None,
        "truth_table": str(delivery.table) if delivery.table else None,
        "frames": delivery.frames,
        "bytes": delivery.size,
        "seconds": round((end_ns - traffic.start_ns) / 1e9, 6),
        "attempts": int(np.count_nonzero(traffic.starts < end_ns)),
        "seed": request.seed,
        "sha256": delivery.sha256,
        "ledger": traffic.ledger().as_dict(),
        "notes": traffic.notes,
    }


def _before(batch: pa.RecordBatch, end_ns: int) -> pa.RecordBatch:
    times = batch.column("ts").cast(pa.int64()).to_numpy()
    return batch.slice(0, int(np.searchsorted(times, end_ns, "left")))


def _check(ledger: Ledger) -> None:
    if not ledger.balanced:
        raise InputError(f"the ledger does not balance: {'; '.join(ledger.faults())}")
