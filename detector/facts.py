"""The figures of one incident, read from its arrays for people: counts, lists and rates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from contract.addresses import WIDTH, to_text
from contract.community_id import community_id
from detector.incidents import ATTACKER, PORT, REGISTERS, VICTIM, Incidents


@dataclass(frozen=True)
class Facts:
    """What is known of an incident. Times are epoch ns; ``packets`` and ``bytes_`` are (from, to) the starters."""

    family: str
    first: int
    last: int
    flows: int
    attackers: list[str]
    victims: list[str]
    ports: list[int]
    attackers_total: int
    victims_total: int
    ports_total: int
    protocol: int
    unanswered: int
    refused: int
    opened: int
    packets: tuple[int, int]
    bytes_: tuple[int, int]
    names: int
    name_bytes: int
    gaps: int
    gap_mean: float
    gap_deviation: float
    mac: str

    @property
    def seconds(self) -> float:
        """How long it has lasted, in traffic time."""
        return (self.last - self.first) / 1e9

    @property
    def rate(self) -> float:
        """Flows a second while it lasted (of an instant: of that second)."""
        return self.flows / max(self.seconds, 1.0)

    def share(self, part: int) -> float:
        """Part of the flows, 0 to 1."""
        return part / self.flows if self.flows > 0 else 0.0


def facts_of(state: Incidents, row: int, family: str) -> Facts:
    """Read one incident."""
    record = state.rows[row]
    totals = [_total(state, row, which) for which in (ATTACKER, VICTIM, PORT)]
    gaps = int(record["starts"])
    return Facts(
        family=family,
        first=int(record["first"]),
        last=int(record["last"]),
        flows=int(record["most_flows"]),
        attackers=_hosts(state, row, ATTACKER),
        victims=_hosts(state, row, VICTIM),
        ports=_ports(state, row),
        attackers_total=totals[0],
        victims_total=totals[1],
        ports_total=totals[2],
        protocol=int(record["protocol"]),
        unanswered=max(int(record["unanswered"]), 0),
        refused=max(int(record["refused"]), 0),
        opened=max(int(record["opened"]), 0),
        packets=(int(record["packets"][0]), int(record["packets"][1])),
        bytes_=(int(record["bytes"][0]), int(record["bytes"][1])),
        names=int(record["names"]),
        name_bytes=int(record["name_bytes"]),
        gaps=gaps,
        gap_mean=float(record["gap_mean"]),
        gap_deviation=float(np.sqrt(max(record["gap_m2"], 0.0) / gaps)) if gaps else 0.0,
        mac=mac_text(int(record["mac"])),
    )


def mac_text(mac: int) -> str:
    """A MAC address as people write it ('' for 0)."""
    digits = f"{mac:012x}"
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2)) if mac else ""


def _total(state: Incidents, row: int, which: int) -> int:
    listed = int(state.rows[row]["listed"][which])
    if not state.rows[row]["distinct_full"][which]:
        return listed
    return max(round(estimate(state.sketches[row, which])), listed)


def estimate(registers: npt.NDArray[np.uint8]) -> float:
    """How many distinct things a HyperLogLog sketch saw (Flajolet et al., 2007, with linear counting below 2.5 m)."""
    m = REGISTERS
    raw = 0.7213 / (1.0 + 1.079 / m) * m * m / float(np.exp2(-registers.astype(np.float64)).sum())
    empty = int((registers == 0).sum())
    return float(m * np.log(m / empty)) if raw <= 2.5 * m and empty else float(raw)


def _by_activity(counts: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    order: npt.NDArray[np.int64] = np.argsort(-counts.astype(np.int64), kind="stable")
    return order


def _hosts(state: Incidents, row: int, side: int) -> list[str]:
    used = int(state.rows[row]["listed"][side])
    order = _by_activity(state.host_counts[row, side, :used])
    return [_text(high, low) for high, low in state.hosts[row, side, :used][order].tolist()]


@lru_cache(1 << 16)
def _text(high: int, low: int) -> str:
    """An address of two 64-bit words as text; hosts come back in every revision of an alert."""
    return to_text(high.to_bytes(8, "big") + low.to_bytes(8, "big"))


def as_bytes(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint8]:
    """Addresses as two 64-bit words, ``(n, 2)``, as ``(n, 16)`` bytes in network order."""
    return np.ascontiguousarray(words.astype(">u8")).view(np.uint8).reshape(-1, WIDTH)


def _ports(state: Incidents, row: int) -> list[int]:
    used = int(state.rows[row]["listed"][PORT])
    return [int(port) for port in state.ports[row, :used][_by_activity(state.port_counts[row, :used])]]


def sample_flows(state: Incidents, row: int) -> list[dict[str, Any]]:
    """The first few flows of an incident, with Community ID."""
    rows = []
    for sample in state.samples[row, : int(state.rows[row]["samples"])]:
        src, dst = (a.tobytes() for a in as_bytes(sample["address"]))
        ports = (int(sample["port"][0]), int(sample["port"][1]))
        protocol = int(sample["protocol"])
        rows.append(
            {
                "flow_id": int(sample["flow_id"]),
                "community_id": community_id(src, dst, *ports, protocol),
                "src": to_text(src),
                "dst": to_text(dst),
                "src_port": ports[0],
                "dst_port": ports[1],
                "protocol": protocol,
            }
        )
    return rows
