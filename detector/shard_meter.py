"""A shard with memory of its own: it meters its part of the frames and tells, tick by tick, what became of its flows.

``detector.split`` deals the frames out, ``detector.merging`` puts together what the shards tell. All of them work in
slices of whole ticks. Nothing is told of flows that idle out: whoever merges knows when that is.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detector import flow_life, partials_packed
from detector.config import NS, Config
from detector.flow_life import Limits
from detector.flowtable import (
    BACKWARDS,
    DIRTY,
    ENDED_WAITING,
    EVICTED,
    FLOW,
    LAST_TS,
    NEVER,
    NEXT_DEADLINE,
    PAYLOAD_USED,
    live_of,
    new_table,
    reserve_of,
)
from detector.meter_kernel import new_work
from detector.packet import NO_SLOT, columns_of
from detector.partials import CLAIM, ENTRY, Gatherer, Partials
from detector.remote_index import side_rows_of
from detector.split import Parcel
from detector.split_kernel import WORDS, Numbered, count_numbered, pack, restore, words_in_use
from detector.tick import close_tick
from detector.tunnels import levels_of
from detector.windows_state import KINDS, WAYS, new_windows

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
BLANK: Final = flow_life.blank_record(FLOW)
KEPT_COUNTERS: Final = (EVICTED, BACKWARDS, LAST_TS)
LINGER_S: Final = 2.0  # as of ``Meter``
GATHERING: Final = ("slot", "sender", "filled", "wanted", "next_seq", "counters")  # of detector.messages.Messages


class Setup(NamedTuple):
    """What all shards of a run have in common."""

    config: Config
    shards: int
    hash_seed: int


class Packed(NamedTuple):
    """Records of some rows: the words that differ from ``BLANK`` in any of them."""

    rows: Int32  # (n,)
    columns: Int64  # (k,)
    words: npt.NDArray[np.uint64]  # (n, k)


class Told(NamedTuple):
    """What a slice brought to one shard: a row for each flow that frames touched in a tick, ascending by ``at``."""

    slots: Int32  # (n,) the shard's
    at: Int64  # (n,) ``NOW`` of detector.flowtable at the first touch
    deadline: Int64  # (n,)
    packed: tuple[Packed, ...]  # the flows' records, in parts that together are all rows
    payload_at: Int32  # rows whose first payload bytes are told
    payload: npt.NDArray[np.uint8]
    rare_at: Int32
    rare: npt.NDArray[Any]
    messages_at: Int32
    messages: npt.NDArray[Any]
    entries: partials_packed.Packed  # what the ticks brought to windows: of ``ends[t, 0]`` those up to tick t
    claims: npt.NDArray[Any]  # of detector.partials.CLAIM, those up to ``ends[t, 1]``
    ends: Int64  # (t, 2)
    no_slot: int  # frames that found no place
    counters: Int64  # of the table, at the end
    gathering: tuple[npt.NDArray[Any], ...]  # GATHERING, and the bytes in those of its buffers that are in use


class Held(NamedTuple):
    """A shard's live flows as of the end of a slice: all that it takes to go on from there."""

    slots: Int32
    records: npt.NDArray[Any]  # of FLOW
    deadline: Int64
    payload: npt.NDArray[np.uint8]  # (p, 2, PAYLOAD_BYTES) of the flows whose ``payload_row`` is 1 .. p
    rare_at: Int32
    rare: npt.NDArray[Any]
    messages_at: Int32
    messages: npt.NDArray[Any]
    counters: Int64
    gathering: tuple[npt.NDArray[Any], ...]
    swept: int


class ShardMeter:
    """One shard's flow table.

    Args:
        setup: of the run
        mine: number of this shard
        held: where an earlier one stopped, None for a fresh one
    """

    def __init__(self, setup: Setup, mine: int, held: Held | None = None) -> None:
        config = setup.config
        live = live_of(config.capacity, setup.shards)
        self._setup, self._mine = setup, mine
        self._limits = Limits(
            int(config.idle_s * NS),
            int(config.active_s * NS),
            int(LINGER_S * NS),
            live,
            np.uint64(setup.hash_seed),
            levels_of(config.tunnels),
        )
        self._table = new_table(live)
        self._reserve = reserve_of(live)
        self._work = new_work(BLANK, 0)
        self._gatherer = Gatherer(new_windows(config.seed, (WAYS,) * KINDS).seed)
        self._told = np.zeros((len(self._table.flows), 2), np.uint8)  # first payload bytes that were told
        self._swept = 0
        if held is not None:
            self._restore(held)

    def work(self, parcel: Parcel, edges: Int64) -> Told:
        """Meter a slice. ``edges`` is (t, 2): for each tick the number behind its last frame, and the tick's own."""
        order = np.argsort(parcel.numbers, kind="stable")
        given_of = np.zeros(len(order), np.int32)
        given_of[parcel.given_at] = np.arange(1, len(parcel.given_at) + 1)
        given = parcel.given.copy()  # whoever reads a row writes into it
        given.flags.writeable = False
        frames = Numbered(
            self._mine, self._setup.shards, _sealed(order), _sealed(parcel.numbers), _sealed(given_of), given
        )
        columns = columns_of(parcel.frames)
        ends = np.searchsorted(parcel.numbers[order], edges[:, 0])
        self._work.dropped[:] = 0
        parts, partials, low = [], [], 0
        for high, tick in zip(ends.tolist(), edges[:, 1].tolist(), strict=True):
            self._catch_up(tick)
            count_numbered(columns, frames, low, high, self._table, self._work, self._limits)
            parts.append(self._gather())
            partials.append(self._reduce(*parts[-1][:2]))
            self._end_tick((tick + 1) * self._setup.config.tick_ns)
            low = high
        return self._tell(parts, partials)

    def _reduce(self, slots: Int32, at: Int64) -> Partials:
        """What a tick brought to the windows around this shard's flows, copied."""
        found = self._gatherer.reduce(self._table, slots, at)
        return Partials(found.entries.copy(), found.claims.copy())

    def _catch_up(self, tick: int) -> None:
        """Sweep as was due in ticks without frames before this one, before its frames come."""
        sweep_ns, tick_ns = int(self._setup.config.sweep_s * NS), self._setup.config.tick_ns
        due = tick * tick_ns // sweep_ns * sweep_ns
        if due > self._swept:
            self._sweep(-(-due // tick_ns) * tick_ns)
            self._swept = due

    def _end_tick(self, now: int) -> None:
        sweep_ns = int(self._setup.config.sweep_s * NS)
        if now // sweep_ns != (now - self._setup.config.tick_ns) // sweep_ns:
            self._sweep(now)
            self._swept = now // sweep_ns * sweep_ns
            return
        close_tick(self._table)
        if int(self._table.counters[ENDED_WAITING]) * 4 > self._reserve:
            self._release()

    def _sweep(self, now: int) -> None:
        flow_life.expire(self._table, now, self._limits)
        close_tick(self._table)
        self._release()

    def _release(self) -> None:
        counters = self._table.counters
        flow_life.release(self._table, self._table.ended[: counters[ENDED_WAITING]].copy())
        counters[ENDED_WAITING] = 0

    def _gather(self) -> tuple[Any, ...]:
        """The rows of a tick, copied: the next tick goes on with the records."""
        table = self._table
        count = int(table.counters[DIRTY])
        slots, at = table.dirty[:count].copy(), table.dirty_at[:count].copy()
        records = table.flows.take(slots)
        kept = records["payload_kept"]
        tell = np.flatnonzero(
            (kept > 0).any(axis=1) & ((kept != self._told[slots]).any(axis=1) | (records["fresh"] != 0))
        )
        self._told[slots] = kept
        rare, messages = table.rare.of[slots], table.messages.side.of[slots]
        return (
            slots,
            at,
            table.deadline[slots],
            records,
            tell.astype(np.int32),
            table.payload[records["payload_row"][tell]],
            np.flatnonzero(rare).astype(np.int32),
            table.rare.rows[rare[rare != 0]],
            np.flatnonzero(messages).astype(np.int32),
            table.messages.side.rows[messages[messages != 0]],
        )

    def _tell(self, parts: list[tuple[Any, ...]], partials: list[Partials]) -> Told:
        begins = np.cumsum([0, *(len(part[0]) for part in parts)])
        for n, part in enumerate(parts):
            for rows in (4, 6, 8):
                part[rows][:] += np.int32(begins[n])
        columns: list[Any] = [np.concatenate(column) for column in zip(*parts, strict=True)]
        slots, at, deadline, records, payload_at, payload, rare_at, rare, messages_at, messages = columns
        lone = records["packets"].sum(axis=1) <= 1  # most of a flood: nothing is known of them but who and when
        packed = tuple(_packed(records, np.flatnonzero(group).astype(np.int32)) for group in (lone, ~lone))
        return Told(
            slots,
            at,
            deadline,
            packed,
            payload_at,
            payload,
            rare_at,
            rare,
            messages_at,
            messages,
            partials_packed.packed(np.concatenate([part.entries for part in partials] or [np.zeros(0, ENTRY)])),
            np.concatenate([part.claims for part in partials] or [np.zeros(0, CLAIM)]),
            np.cumsum([[len(part.entries), len(part.claims)] for part in partials], axis=0, dtype=np.int64),
            int(self._work.dropped[NO_SLOT]),
            self._table.counters.copy(),
            self._gathering(),
        )

    def _gathering(self) -> tuple[npt.NDArray[Any], ...]:
        messages = self._table.messages
        return (*(getattr(messages, name).copy() for name in GATHERING), messages.buffer[messages.slot >= 0])

    def _restore(self, held: Held) -> None:
        table = self._table
        with_payload = held.records["payload_row"] > 0
        restore(table, held.slots, held.records, held.deadline, self._limits)
        table.counters[NEXT_DEADLINE] = held.deadline.min(initial=NEVER)
        table.counters[PAYLOAD_USED] = int(with_payload.sum())
        table.payload[1 : 1 + len(held.payload)] = held.payload
        self._told[held.slots] = held.records["payload_kept"]
        for side, at, rows in (
            (table.rare, held.rare_at, held.rare),
            (table.messages.side, held.messages_at, held.messages),
        ):
            places = np.empty(len(at), np.int64)
            side_rows_of(side, held.slots[at], places)
            side.rows[places] = rows
        table.dirty[: len(held.slots)] = held.slots
        table.counters[DIRTY] = len(held.slots)
        close_tick(table)  # what they are is what they were when the last tick ended
        for name, values in zip(GATHERING, held.gathering[:-1], strict=True):
            getattr(table.messages, name)[:] = values
        table.messages.buffer[table.messages.slot >= 0] = held.gathering[-1]
        for counter in KEPT_COUNTERS:
            table.counters[counter] = held.counters[counter]
        self._swept = held.swept


def _packed(records: npt.NDArray[Any], rows: Int32) -> Packed:
    words, blank = records.view(np.uint64).reshape(-1, WORDS), BLANK.view(np.uint64).ravel()
    used = np.zeros(WORDS, np.bool_)
    words_in_use(words, rows, blank, used)
    columns = np.flatnonzero(used)
    out = np.empty((len(rows), len(columns)), np.uint64)
    pack(words, rows, columns, out)
    return Packed(rows, columns, out)


def _sealed(values: Any) -> Any:  # noqa: ANN401 - an array of any type
    """Not to be written: for arrays that may be, kernels are compiled anew."""
    view = np.ascontiguousarray(values).view()
    view.flags.writeable = False
    return view
