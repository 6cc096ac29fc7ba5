"""Which frames go to which shard, where shards share no memory: one pass that decodes each frame to its flow.

Frames have numbers, running over all of a run, so that a shard which sees a part of them still says of a flow when it
began. A frame goes to the shard on which the hash of its flow falls (the same for both directions), and an ICMP error
to that of the flow it quotes as well. What a single frame does not say (the ports of a later fragment, what a quoted
one belonged to) depends on frames of other shards: such frames are given away decoded.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.jit import lean_kernel
from contract.schemas import FRAMES
from detector.flow_index import key_hash
from detector.flow_life import Limits
from detector.fragments import DISPLACED, Fragments, new_fragments
from detector.meter_kernel import read_row
from detector.packet import PACKET, REASONS, Columns, Int, columns_of
from detector.shard_kernel import shard_of
from detector.tunnels import levels_of

_NOWHERE: Final = -1
Int64 = npt.NDArray[np.int64]


class Parcel(NamedTuple):
    """Frames for one shard. ``given[k]`` is what frame ``given_at[k]`` was decoded to; the others it decodes itself."""

    frames: pa.RecordBatch  # FRAMES, (n,)
    numbers: Int64  # (n,) of the frames among all of the run, ascending
    given_at: npt.NDArray[np.int32]  # (k,)
    given: npt.NDArray[Any]  # (k,) of PACKET; ``payload_at`` counts from the frame's first byte


class Destinations(NamedTuple):
    """Of ``n`` frames: the shard of each, -1 where it cannot be metered, and the shard of the flow that it quotes."""

    home: npt.NDArray[np.int16]
    quoted: npt.NDArray[np.int16]
    given_at: npt.NDArray[np.int32]
    given: npt.NDArray[Any]


class Splitter:
    """Deals frames out to shards. Batches must come in order: first fragments are remembered.

    Args:
        shards: how many
        hash_seed: of the flow hash; the same wherever frames of a run are split, and unknown to who sends them
        seed: of the table of first fragments, as of ``Meter``
        tunnels: as of ``Meter``
    """

    def __init__(self, shards: int, hash_seed: int, seed: int = 0, tunnels: str = "outer") -> None:
        self.shards = shards
        self._limits = Limits(0, 0, 0, 0, np.uint64(hash_seed), levels_of(tunnels))
        self._fragments = new_fragments(seed)
        self._rows = np.zeros(2, PACKET)

    @property
    def displaced(self) -> int:
        """Packets in fragments that lost their place in the table of ports."""
        return int(self._fragments.counters[DISPLACED])

    def split(self, frames: pa.RecordBatch, numbers: Int64) -> tuple[list[Parcel], Counter[str]]:
        """A parcel for each shard, and how many frames go to none, by the reasons of ``detector.packet.REASONS``."""
        count = frames.num_rows
        found = Destinations(
            np.empty(count, np.int16), np.empty(count, np.int16), np.empty(count, np.int32), np.empty(count, PACKET)
        )
        dropped = np.zeros(len(REASONS), np.int64)
        columns = columns_of(frames)
        given = int(_split(columns, count, self.shards, self._rows, self._fragments, self._limits, found, dropped))
        found = found._replace(given_at=found.given_at[:given], given=found.given[:given])
        parcels = [_parcel(frames, numbers, found, shard, whole=self.shards == 1) for shard in range(self.shards)]
        return parcels, Counter({name: int(n) for name, n in zip(REASONS, dropped, strict=True) if n})


def joined(parcels: list[Parcel]) -> Parcel:
    """Parcels of several sources as one; it keeps the order in which they stand, which is not that of the numbers."""
    if len(parcels) == 1:
        return parcels[0]
    begins = np.cumsum([0, *(len(parcel.numbers) for parcel in parcels[:-1])])
    return Parcel(
        pa.concat_batches([parcel.frames for parcel in parcels]),
        np.concatenate([parcel.numbers for parcel in parcels]),
        np.concatenate([p.given_at + np.int32(at) for p, at in zip(parcels, begins, strict=True)]).astype(np.int32),
        np.concatenate([parcel.given for parcel in parcels]),
    )


def empty_parcel() -> Parcel:
    """No frames."""
    none = FRAMES.empty_table().to_batches() or [pa.RecordBatch.from_pylist([], schema=FRAMES)]
    return Parcel(none[0], np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, PACKET))


def _parcel(frames: pa.RecordBatch, numbers: Int64, found: Destinations, shard: int, *, whole: bool) -> Parcel:
    rows = np.flatnonzero((found.home == shard) | (found.quoted == shard))
    if whole and len(rows) == len(numbers):
        return Parcel(frames, numbers, found.given_at, found.given)
    place = np.searchsorted(rows, found.given_at)
    mine = (place < len(rows)) & (
        rows[np.minimum(place, max(len(rows) - 1, 0))] == found.given_at if len(rows) else False
    )
    own = frames.take(pa.array(rows))
    return Parcel(own, numbers[rows], place[mine].astype(np.int32), found.given[mine])


@lean_kernel
def _split(
    columns: Columns,
    count: Int,
    shards: Int,
    rows: npt.NDArray[np.void],
    fragments: Fragments,
    limits: Limits,
    found: Destinations,
    dropped: Int64,
) -> Int:
    """Fill ``found``; how many frames are given away decoded."""
    given: Int = 0
    for n in range(count):
        read_row(columns, n, rows, 0, 1, fragments, limits)
        row = rows[0]
        found.quoted[n] = np.int16(_NOWHERE)
        if row["reason"] != 0:
            found.home[n] = np.int16(_NOWHERE)
            dropped[np.int64(row["reason"])] += 1
            continue
        found.home[n] = np.int16(shard_of(row["hash"], shards))
        if row["quoted"]:
            hashed = key_hash(row["quoted_address"], row["quoted_port"], row["quoted_protocol"], limits.seed)
            found.quoted[n] = np.int16(shard_of(hashed, shards))
        if row["fragment"] or row["quoted"]:
            row["payload_at"] -= np.int64(columns.offsets[n])
            found.given_at[given] = np.int32(n)
            found.given[given] = row
            given += 1
    return given
