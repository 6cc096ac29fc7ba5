"""Labels of the flows of a capture or run, one row each, for whoever trains or tests something of their own.

Keyed by Community ID. With ``cic`` the columns have CICFlowMeter's names, as far as the meter knows what they hold:
lengths are of payload, durations and gaps in microseconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from campaign.labels import families_of_pairs, family_per_flow, is_attack, numbers, pair_truth, words
from contract.errors import InputError
from contract.families import BENIGN, catalogue
from contract.truth import Truth
from detector.flow_facts import facts_of_flows
from detector.meter import Meter, Slots
from detector.metering import meter_capture

Json = dict[str, Any]
_FACTS: Final = (
    "community_id", "src", "src_port", "dst", "dst_port", "protocol", "first", "last", "duration", "packets_fwd",
    "packets_bwd", "bytes_fwd", "bytes_bwd", "payload_fwd", "payload_bwd",
)  # fmt: skip
_CIC: Final = {  # CICFlowMeter's name: the fact, and what it is multiplied by
    "Src IP": ("src", None), "Src Port": ("src_port", None), "Dst IP": ("dst", None), "Dst Port": ("dst_port", None),
    "Protocol": ("protocol", None), "Timestamp": ("first", None), "Flow Duration": ("duration", 1e6),
    "Total Fwd Packet": ("packets_fwd", None), "Total Bwd packets": ("packets_bwd", None),
    "Total Length of Fwd Packet": ("payload_fwd", None), "Total Length of Bwd Packet": ("payload_bwd", None),
    "Fwd Packet Length Max": ("payload_max_fwd", None), "Fwd Packet Length Mean": ("payload_mean_fwd", None),
    "Bwd Packet Length Max": ("payload_max_bwd", None), "Bwd Packet Length Mean": ("payload_mean_bwd", None),
    "Flow Packets/s": ("packets_per_s", None), "Fwd IAT Mean": ("gap_mean_fwd", 1e6),
    "Fwd IAT Std": ("gap_std_fwd", 1e6),
    "Fwd IAT Max": ("gap_max_fwd", 1e6), "Fwd IAT Min": ("gap_min_fwd", 1e6), "Bwd IAT Mean": ("gap_mean_bwd", 1e6),
    "Bwd IAT Std": ("gap_std_bwd", 1e6), "Bwd IAT Max": ("gap_max_bwd", 1e6), "Bwd IAT Min": ("gap_min_bwd", 1e6),
    "Fwd Header Length": ("header_bytes_fwd", None), "Bwd Header Length": ("header_bytes_bwd", None),
    "Down/Up Ratio": ("down_up_ratio", None), "FWD Init Win Bytes": ("tcp_window_first_fwd", None),
    "Bwd Init Win Bytes": ("tcp_window_first_bwd", None), "Fwd PSH Flags": ("tcp_psh_fwd", None),
    "Bwd PSH Flags": ("tcp_psh_bwd", None), "Fwd URG Flags": ("tcp_urg_fwd", None),
    "Bwd URG Flags": ("tcp_urg_bwd", None),
}  # fmt: skip


def write_labels(capture: Path, truth: Truth | pa.Table, out: Path, *, cic: bool = False) -> Json:
    """Meter a capture and write a label for each flow, as it ends; how many. Raises ``InputError``."""
    if out.suffix not in {".csv", ".parquet"}:
        raise InputError(f"{out}: labels of flows are written as .csv or .parquet, of frames as .pcapng")
    temporary = out.with_name(f".{out.name}.part")
    writers: list[Any] = []
    counts = {"flows": 0, "attacks": 0}

    def rows(meter: Meter, slots: Slots) -> pa.RecordBatch:
        table = labelled(
            pa.Table.from_batches([facts_of_flows(meter.table, slots)]),
            pa.Table.from_batches([meter.export(slots)]),
            truth,
            cic=cic,
        )
        return table.combine_chunks().to_batches()[0]

    def write(batch: pa.RecordBatch) -> None:
        if not writers:
            kind = pq.ParquetWriter if out.suffix == ".parquet" else pc_csv.CSVWriter
            writers.append(kind(str(temporary), batch.schema))
        writers[0].write_batch(batch)
        counts["flows"] += batch.num_rows
        ordinary = pc.equal(batch.column("Label" if cic else "label"), BENIGN)
        counts["attacks"] += batch.num_rows - int(pc.sum(ordinary).as_py() or 0)

    try:
        found = meter_capture(capture, write, rows=rows)
        for writer in writers:
            writer.close()
        if not writers:
            raise InputError(f"{capture}: holds no flow")
        temporary.replace(out)
    except OSError as error:
        raise InputError(f"{out}: cannot write: {error.strerror or error}") from None
    finally:
        temporary.unlink(missing_ok=True)
    return {**counts, "out": str(out), "notes": found.notes}


def labelled(facts: pa.Table, flows: pa.Table, truth: Truth | pa.Table, *, cic: bool) -> pa.Table:
    """Facts of flows with what they truly were; ``flows`` are the same flows as FLOWS rows."""
    attempt = np.full(flows.num_rows, -1, np.int64)
    if isinstance(truth, Truth):
        family = family_per_flow(flows, truth)
    else:
        pairs = pair_truth(flows, truth)
        family = families_of_pairs(flows.num_rows, truth, pairs)
        attack = is_attack(words(truth, "family"))[pairs.truth]
        attempt[pairs.flow[attack][::-1]] = numbers(truth, "attempt")[pairs.truth[attack]][::-1]
    known = catalogue()
    columns = {"label" if not cic else "Label": pa.array(family.tolist(), pa.string())}
    if cic:
        made = {"Flow ID": facts.column("community_id")} | {n: _cic(facts, *how) for n, how in _CIC.items()}
        return pa.table(made | columns)
    groups = [known[name].group if name in known else name for name in family]
    columns["group"] = pa.array(groups, pa.string())
    columns["technique"] = pa.array([known[name].technique if name in known else "" for name in family], pa.string())
    columns["attempt"] = pa.array(attempt, mask=attempt < 0)
    return pa.table({name: facts.column(name) for name in _FACTS} | columns)


def _cic(facts: pa.Table, name: str, scale: float | None) -> pa.ChunkedArray:
    column = facts.column(name)
    return column if scale is None else pc.multiply(column.cast(pa.float64()), scale)
