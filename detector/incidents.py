"""Incidents: attack verdicts of one cause, gathered in arrays while they come in, thousands a tick.

An incident begins as a candidate and is raised when its evidence passes the bar of its family (``detector.policy``).
This module holds the arrays and the kernels that fill them; ``detector.alerts`` decides and writes alerts.
"""

from __future__ import annotations

import secrets
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import kernel
from contract.schemas import ARP
from detector.flowtable import BWD, FWD

LISTED: Final = 50
REGISTERS: Final = 1024  # of each HyperLogLog sketch (Flajolet et al., 2007): 3.3 % standard error
SAMPLES: Final = 5
ATTACKER: Final = 0
VICTIM: Final = 1
PORT: Final = 2
_VICTIM, _VICTIM_SERVICE, _RECEIVER, _ATTACKER, _PAIR, _PAIR_SERVICE, _MAC = (
    1,
    2,
    3,
    4,
    5,
    6,
    7,
)  # detector.policy.Cause

# What the pipeline remembers of each slot of the flow table.
MARK: Final = np.dtype(
    [
        ("label", "i2"),  # family code that the model gave last, 0 benign
        ("said", "i2"),  # ... and what was said of it outside: 0 until it is sure
        ("score", "f4"),
        ("looked", "u4"),  # packets when its label last changed
        ("incident", "i4"),  # row of its incident, -1 none
        ("generation", "u4"),  # ... as which that row was in use then
        ("family", "i2"),  # code under which its evidence is counted
        ("facts", "u1"),  # bits that are counted: UNANSWERED, REFUSED, OPENED
        ("weight", "f4"),  # its evidence
        ("odds", "f4"),  # highest log-odds at which it was weighed
        ("packets", "u4", (2,)),  # what of it is counted already
        ("bytes", "u8", (2,)),
        ("names", "u4"),
        ("name_bytes", "u4"),
    ],
    align=True,
)
UNANSWERED: Final = 1
REFUSED: Final = 2
OPENED: Final = 4

INCIDENT: Final = np.dtype(
    [
        ("key", "u8", (5,)),  # tag, protocol and port; two addresses of two words
        ("generation", "u4"),  # how often the row was given back
        ("used", "u1"),
        ("raised", "u1"),
        ("dirty", "u1"),
        ("cause", "u1"),
        ("code", "i2"),  # family of most of its evidence
        ("protocol", "u2"),
        ("alert_id", "u8"),
        ("revision", "u4"),
        ("first", "i8"),
        ("last", "i8"),
        ("touched", "i8"),  # event time of the last evidence
        ("decided", "i8"),
        ("emitted", "i8"),  # event time of the last revision
        ("evidence", "f8"),
        ("peak", "f8"),  # highest evidence
        ("score", "f4"),  # highest score
        ("flows", "i8"),
        ("most_flows", "i8"),  # highest count: some may leave again
        ("unanswered", "i8"),
        ("refused", "i8"),
        ("opened", "i8"),
        ("packets", "u8", (2,)),
        ("bytes", "u8", (2,)),
        ("names", "u8"),
        ("name_bytes", "u8"),
        ("starts", "i8"),  # flow starts of which the gaps are known
        ("last_start", "i8"),
        ("gap_mean", "f8"),  # seconds between starts, Welford
        ("gap_m2", "f8"),
        ("mac", "u8"),
        ("listed", "i4", (3,)),  # entries used in each list
        ("distinct_full", "u1", (3,)),  # a list had to drop something: its total comes from the sketch
        ("samples", "i4"),
    ],
    align=True,
)
SAMPLE: Final = np.dtype(
    [("flow_id", "u8"), ("address", "u8", (2, 2)), ("port", "u2", (2,)), ("protocol", "u2")], align=True
)

FREE: Final = 0
DIRTY: Final = 1
REFUSED_FULL: Final = 2  # verdicts that found no place for a new candidate


class Incidents(NamedTuple):
    """All state; ``n`` rows."""

    rows: npt.NDArray[Any]  # (n,) of INCIDENT
    weights: npt.NDArray[np.float64]  # (n, families) evidence by family
    hosts: npt.NDArray[np.uint64]  # (n, 2, LISTED, 2) addresses of attackers and victims
    host_counts: npt.NDArray[np.uint32]  # (n, 2, LISTED)
    ports: npt.NDArray[np.uint16]  # (n, LISTED)
    port_counts: npt.NDArray[np.uint32]  # (n, LISTED)
    sketches: npt.NDArray[np.uint8]  # (n, 3, REGISTERS)
    samples: npt.NDArray[Any]  # (n, SAMPLES) of SAMPLE
    places: npt.NDArray[np.int32]  # hash index, (2 n or more,) row, -1 where empty
    free: npt.NDArray[np.int32]  # (n,) stack of free rows
    dirty: npt.NDArray[np.int32]  # (n,) rows touched since the list was cleared
    counters: npt.NDArray[np.int64]
    seed: npt.NDArray[np.uint64]  # (2,) of the index, drawn by chance, and of the sketches


def new_incidents(capacity: int, families: int, seed: int = 0) -> Incidents:
    """No incident yet. Memory (about 8 kB each) is taken only for rows that are used.

    ``seed`` is that of the sketches; what they count may depend on it a little, and on the index nothing does.
    """
    incidents = Incidents(
        rows=np.zeros(capacity, INCIDENT),
        weights=np.zeros((capacity, families), np.float64),
        hosts=np.zeros((capacity, 2, LISTED, 2), np.uint64),
        host_counts=np.zeros((capacity, 2, LISTED), np.uint32),
        ports=np.zeros((capacity, LISTED), np.uint16),
        port_counts=np.zeros((capacity, LISTED), np.uint32),
        sketches=np.zeros((capacity, 3, REGISTERS), np.uint8),
        samples=np.zeros((capacity, SAMPLES), SAMPLE),
        places=np.full(1 << (2 * capacity - 1).bit_length(), -1, np.int32),
        free=np.arange(capacity - 1, -1, -1, dtype=np.int32),
        dirty=np.zeros(capacity, np.int32),
        counters=np.zeros(4, np.int64),
        seed=np.array([secrets.randbits(64), seed * 0x9E3779B97F4A7C15 & (1 << 64) - 1], np.uint64),
    )
    incidents.counters[FREE] = capacity
    return incidents


def new_marks(slots: int) -> npt.NDArray[Any]:
    """Marks for as many slots as the flow table has."""
    marks = np.zeros(slots, MARK)
    marks["incident"] = -1
    return marks


@kernel
def mix(x: np.uint64) -> np.uint64:
    """The finaliser of SplitMix64."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@kernel
def key_of(flow: Any, cause: int, tag: int, key: npt.NDArray[np.uint64]) -> int:  # noqa: ANN401 - a numba record
    """Fill ``key``; returns which side of the flow (FWD, BWD) is the attacker's."""
    attacker = FWD
    if cause == _RECEIVER and flow["bytes"][BWD] > flow["bytes"][FWD]:
        attacker = BWD  # the starter's address was forged: the answers hit it
    victim = 1 - attacker
    key[:] = np.uint64(0)
    # A sweep asks for hosts by ARP and then pings them: one incident, unless the sender claims no address.
    nobody = flow["protocol"] == ARP and flow["address"][FWD, 1] & np.uint64(0xFFFFFFFF) == np.uint64(0)
    key[0] = np.uint64(tag) | np.uint64(nobody) << np.uint64(8)
    if cause == _MAC:
        key[1] = flow["arp_mac"][FWD] if flow["arp_mac"][FWD] != 0 else flow["mac"][FWD]
        return attacker
    if cause in (_VICTIM, _VICTIM_SERVICE, _RECEIVER):
        key[0] |= np.uint64(flow["protocol"]) << np.uint64(16)
        key[3] = flow["address"][victim, 0]
        key[4] = flow["address"][victim, 1]
    elif nobody and flow["arp_mac"][FWD] != 0:
        key[1] = flow["arp_mac"][FWD]
    else:
        key[1] = flow["address"][attacker, 0]
        key[2] = flow["address"][attacker, 1]
    if cause in (_PAIR, _PAIR_SERVICE):
        key[3] = flow["address"][victim, 0]
        key[4] = flow["address"][victim, 1]
    if cause in (_VICTIM_SERVICE, _PAIR_SERVICE):
        key[0] |= np.uint64(flow["port"][1]) << np.uint64(32) | np.uint64(flow["protocol"]) << np.uint64(16)
    return attacker


@kernel
def _hash(key: npt.NDArray[np.uint64], seed: np.uint64) -> np.uint64:
    value = seed
    for i in range(5):
        value = mix(value ^ key[i])
    return value


@kernel
def find_or_make(state: Incidents, key: npt.NDArray[np.uint64]) -> int:
    """The row of a key, made where there is none; -1 where the table is full."""
    mask = state.places.shape[0] - 1
    place = np.int64(_hash(key, state.seed[0]) & np.uint64(mask))
    while state.places[place] >= 0:
        row = state.places[place]
        same = True
        for i in range(5):
            same = same and state.rows[row]["key"][i] == key[i]
        if same:
            return int(row)
        place = (place + 1) & mask
    if state.counters[FREE] == 0:
        state.counters[REFUSED_FULL] += 1
        return -1
    state.counters[FREE] -= 1
    row = state.free[state.counters[FREE]]
    state.places[place] = row
    for i in range(5):
        state.rows[row]["key"][i] = key[i]
    state.rows[row]["used"] = 1
    return int(row)


@kernel
def reindex(state: Incidents) -> None:
    """Build the index anew from the used rows (after some were removed)."""
    state.places[:] = -1
    mask = state.places.shape[0] - 1
    for row in range(state.rows.shape[0]):
        if state.rows[row]["used"]:
            place = np.int64(_hash(state.rows[row]["key"], state.seed[0]) & np.uint64(mask))
            while state.places[place] >= 0:
                place = (place + 1) & mask
            state.places[place] = row


@kernel
def _sketch(registers: npt.NDArray[np.uint8], value: np.uint64) -> None:
    bits = mix(value)
    register = bits & np.uint64(REGISTERS - 1)
    rest = bits >> np.uint64(10)
    rank = np.uint8(1)
    while rest & np.uint64(1) == np.uint64(0) and rank < 54:
        rank += np.uint8(1)
        rest >>= np.uint64(1)
    registers[register] = max(registers[register], rank)


@kernel
def list_host(state: Incidents, row: int, side: int, high: np.uint64, low: np.uint64) -> None:
    """Count one flow of a host. A full list drops its least active one (Space-Saving: Metwally et al., 2005)."""
    hosts, counts = state.hosts[row, side], state.host_counts[row, side]
    record = state.rows[row]
    _sketch(state.sketches[row, side], high ^ mix(low ^ state.seed[1]))
    used = record["listed"][side]
    least = 0
    for i in range(used):
        if hosts[i, 0] == high and hosts[i, 1] == low:
            counts[i] += np.uint32(1)
            return
        if counts[i] < counts[least]:
            least = i
    if used < LISTED:
        least = used
        counts[least] = np.uint32(0)
        record["listed"][side] = used + 1
    else:
        record["distinct_full"][side] = 1
    hosts[least, 0] = high
    hosts[least, 1] = low
    counts[least] += np.uint32(1)


@kernel
def list_port(state: Incidents, row: int, port: np.uint16) -> None:
    ports, counts = state.ports[row], state.port_counts[row]
    record = state.rows[row]
    _sketch(state.sketches[row, PORT], np.uint64(port) ^ state.seed[1])
    used = record["listed"][PORT]
    least = 0
    for i in range(used):
        if ports[i] == port:
            counts[i] += np.uint32(1)
            return
        if counts[i] < counts[least]:
            least = i
    if used < LISTED:
        least = used
        counts[least] = np.uint32(0)
        record["listed"][PORT] = used + 1
    else:
        record["distinct_full"][PORT] = 1
    ports[least] = port
    counts[least] += np.uint32(1)
