"""Whose flow is each frame? The key of every frame of a batch, decoded as the meter does it."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.jit import lean_kernel
from detector.flow_life import Limits
from detector.fragments import Fragments, new_fragments
from detector.meter_kernel import read_row
from detector.packet import PACKET, Columns, Int, columns_of
from detector.tunnels import levels_of

UNREADABLE: Final = 0xFFFF  # in place of a protocol


class Keys(NamedTuple):
    """The keys of ``n`` frames, as sender and receiver."""

    address: npt.NDArray[np.uint64]  # (n, 2, 2) words of the 16-byte addresses, most significant first
    port: npt.NDArray[np.uint16]  # (n, 2); of ICMP type and code
    protocol: npt.NDArray[np.uint16]  # (n,) UNREADABLE where the frame cannot be metered
    key_port: npt.NDArray[np.uint16]  # (n, 2) what flows are matched by: of ICMP the type of the request and the code


class FrameKeys:
    """Reads keys batch by batch; it remembers first fragments, whose ports the later ones have."""

    def __init__(self, tunnels: str = "outer") -> None:
        self._limits = Limits(0, 0, 0, 0, np.uint64(0), levels_of(tunnels))
        self._fragments = new_fragments(0)
        self._rows = np.zeros(2, PACKET)

    def of(self, batch: pa.RecordBatch) -> Keys:
        """The keys of a FRAMES batch, which must be sound."""
        n = batch.num_rows
        ports = np.zeros((2, n, 2), np.uint16)
        keys = Keys(np.zeros((n, 2, 2), np.uint64), ports[0], np.zeros(n, np.uint16), ports[1])
        _read(columns_of(batch), n, self._rows, self._fragments, self._limits, keys)
        return keys


@lean_kernel
def _read(
    columns: Columns, count: Int, rows: npt.NDArray[np.void], fragments: Fragments, limits: Limits, keys: Keys
) -> None:
    for n in range(count):
        read_row(columns, n, rows, 0, 1, fragments, limits)
        row = rows[0]
        keys.protocol[n] = row["protocol"] if row["reason"] == 0 else np.uint16(UNREADABLE)
        for side in range(2):
            keys.port[n, side] = row["port"][side]
            keys.key_port[n, side] = row["key_port"][side]
            for word in range(2):
                keys.address[n, side, word] = row["address"][side, word]
