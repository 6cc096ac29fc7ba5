"""What the bare meter knows of a flow as columns for a file: those of the catalogue that it has, alike in all."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.addresses import column_to_array, text_column
from contract.schemas import ENDED
from detector.bare import BareMeter
from detector.flow_facts import FLOW_FACTS

_NAMES: Final = (
    "src", "dst", "src_port", "dst_port", "protocol", "ip_version", "first", "last", "duration", "ended",
    "packets_fwd", "packets_bwd", "bytes_fwd", "bytes_bwd", "tcp_flags_fwd", "tcp_flags_bwd",
)  # fmt: skip
BARE_FACTS: Final = pa.schema(
    [FLOW_FACTS.field(name) for name in _NAMES], metadata={"tenfold.schema": "bare-flow-facts/1"}
)


def bare_facts(meter: BareMeter, slots: npt.NDArray[np.int32]) -> pa.RecordBatch:
    """The flows in these slots, which have ended, as a batch of ``BARE_FACTS``."""
    flows = meter.export(slots)
    columns = dict(zip(flows.schema.names, flows.columns, strict=True))
    for end in ("src", "dst"):
        columns[end] = text_column(column_to_array(columns[end]))
    seconds = (np.asarray(columns["last"].cast(pa.int64())) - np.asarray(columns["first"].cast(pa.int64()))) * 1e-9
    columns["duration"] = pa.array(seconds)
    columns["ended"] = pa.array(ENDED).take(columns["ended"])
    return pa.record_batch([columns[field.name] for field in BARE_FACTS], schema=BARE_FACTS)
