"""A capture mixed into other traffic (what ID2T does): a scenario's, or another capture's. Addresses stay apart."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from campaign import scenario as scenarios
from campaign.labels import I64
from campaign.replay_request import Request
from campaign.replay_survey import Surveyed, survey
from campaign.replaying import Replay, Traffic
from contract.errors import InputError
from contract.families import BENIGN, UNKNOWN
from contract.ledger import Ledger
from contract.schemas import TRUTH
from generator.plan import Plan, make_plan
from generator.replay.mapping import Free
from generator.replay.merging import merge
from generator.replay.timing import NS, Pace
from generator.replay.truth import Json
from generator.traffic import chunks, flow_slices, truth_rows
from generator.truth_file import truth_document
from generator.workload import DEFAULT_START_NS
from generator.world import make_world

_CHUNK_S: Final = 0.5


class Planned:
    """A scenario's traffic."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.notes = plan, []
        self._ledger = Ledger()

    notes: list[str]

    @property
    def start_ns(self) -> int:
        """Second 0."""
        return self.plan.workload.start_ns

    @property
    def end_ns(self) -> int:
        """No frame leaves from then on."""
        return self.plan.workload.end_ns

    @property
    def starts(self) -> I64:
        """When each attempt begins."""
        table = self.plan.table
        if not len(self.plan.families):
            return np.zeros(0, np.int64)
        begun: I64 = np.sort(table.intended[self.plan.attacks[table.family]])
        return begun

    @property
    def attempts(self) -> int:
        """How many numbers the rows of TRUTH take."""
        return len(self.plan.table.intended)

    def move(self, start_ns: int) -> None:
        """Let second 0 be at another time."""
        plan, late = self.plan, start_ns - self.start_ns
        table = plan.table._replace(intended=plan.table.intended + late)
        self.plan = replace(plan, workload=replace(plan.workload, start_ns=start_ns), table=table)

    def planned(self) -> int:
        """How many frames there will be."""
        return sum(int(flows[:, :, 2].sum()) for _, flows in self._slices(self.end_ns))

    def _slices(self, upto_ns: int) -> Iterator[tuple[int, I64]]:
        return flow_slices(self.plan.template, self.plan.table, self.end_ns, upto_ns)

    def frames(self) -> Iterator[pa.RecordBatch]:
        """FRAMES batches in order of time."""
        for chunk in chunks(self.plan, _CHUNK_S):
            yield chunk.frames

    def rows(self, stop_ns: int) -> Iterator[pa.RecordBatch]:
        """TRUTH rows of what leaves before ``stop_ns``."""
        for low, flows in self._slices(min(stop_ns, self.end_ns)):
            yield truth_rows(self.plan, low, flows)

    def entries(self) -> list[Json]:
        """Entries of a truth document."""
        found: list[Json] = truth_document(self.plan, "")["entries"]
        return found

    @property
    def otherwise(self) -> str:
        """What the rest is."""
        return BENIGN

    @property
    def known(self) -> bool:
        """A plan knows all of its traffic."""
        return True

    def ledger(self) -> Ledger:
        """A plan loses nothing."""
        return self._ledger


class Mix:
    """Two kinds of traffic as one: ``base``, and the replay that goes into it."""

    def __init__(self, base: Traffic, guest: Replay) -> None:
        self._base, self._guest = base, guest
        self.notes = [*base.notes, *guest.notes]

    @property
    def start_ns(self) -> int:
        """Second 0, that of the base."""
        return self._base.start_ns

    @property
    def end_ns(self) -> int:
        """When both have ended."""
        return max(self._base.end_ns, self._guest.end_ns)

    @property
    def starts(self) -> I64:
        """When each attempt begins, of both."""
        return np.sort(np.concatenate([self._base.starts, self._guest.starts]))

    @property
    def attempts(self) -> int:
        """How many numbers the rows of TRUTH take."""
        return self._base.attempts + self._guest.attempts

    def move(self, start_ns: int) -> None:
        """Let second 0 be at another time."""
        late = self._guest.start_ns - self._base.start_ns
        self._base.move(start_ns)
        self._guest.move(start_ns + late)

    def planned(self) -> int:
        """How many frames there will be."""
        return self._base.planned() + self._guest.planned()

    def frames(self) -> Iterator[pa.RecordBatch]:
        """FRAMES batches in order of time."""
        return merge(self._base.frames(), self._guest.frames())

    def rows(self, stop_ns: int) -> Iterator[pa.RecordBatch]:
        """TRUTH rows of both; the replay's attempts are numbered behind the base's."""
        yield from self._base.rows(stop_ns)
        for rows in self._guest.rows(stop_ns):
            numbers = pc.add(rows.column("attempt"), self._base.attempts)
            yield rows.set_column(0, TRUTH.field("attempt"), numbers)

    def entries(self) -> list[Json]:
        """Entries of both; the replay's go first: where both could speak of a flow, it is the narrower one."""
        return [*self._guest.entries(), *self._base.entries()]

    @property
    def otherwise(self) -> str:
        """Ordinary, unless one of them does not know."""
        return UNKNOWN if UNKNOWN in (self._base.otherwise, self._guest.otherwise) else BENIGN

    @property
    def known(self) -> bool:
        """A plan knows all of its traffic."""
        return True

    def ledger(self) -> Ledger:
        """Where the frames of the captures went."""
        ledger = Ledger()
        ledger.merge(self._base.ledger())
        ledger.merge(self._guest.ledger())
        return ledger


def mix(found: Surveyed, request: Request, start_ns: int | None) -> Traffic:
    """The surveyed capture inside what ``request.into`` names. Raises ``InputError`` where that is nothing."""
    into = request.into or ""
    start = request.start_ns if start_ns is None else start_ns
    base = _capture(into, request, start) if _is_capture(into) else _scenario(into, request, start)
    sites: list[int] = []
    if isinstance(base, Planned):
        free = Free().without(np.concatenate([base.plan.table.src, base.plan.table.dst]))
        sites = _sites(base.plan) if request.onto_sites else []
    else:
        free = Free().without(base.people(0).lab())
    if request.onto_sites and not sites:
        raise InputError(f"--onto-sites: {into} is a capture; sites are a scenario's")
    pins = dict(zip(_victims(found), sites, strict=False)) if request.onto_sites else {}
    guest = Replay(found, request, base.start_ns + round(request.at_s * NS), free, pins, alone=False)
    if request.onto_sites:
        guest.notes.append(f"{len(pins)} victims are sites of {into}")
    return Mix(base, guest)


def _is_capture(name: str) -> bool:
    return Path(name).suffix in (".pcap", ".pcapng", ".cap", ".arrow", ".arrows")


def _scenario(name: str, request: Request, start_ns: int | None) -> Planned:
    chosen = scenarios.Overrides(duration_s=request.pace.duration_s).apply(scenarios.load(name))
    chosen = replace(chosen, seed=request.seed)
    return Planned(make_plan(chosen.workload(DEFAULT_START_NS if start_ns is None else start_ns)))


def _capture(name: str, request: Request, start_ns: int | None) -> Replay:
    own = Request(
        name, cut=request.cut, mtu=request.mtu, seed=request.seed + 1, pace=Pace(duration_s=request.pace.duration_s)
    )
    return Replay(survey(Path(name), None, own.cut, None, own.mtu), own, start_ns, alone=False)


def _sites(plan: Plan) -> list[int]:
    """IPv4 addresses of the scenario's sites."""
    rows = make_world(plan.workload, "web_browsing", {}).sites
    return [int(value) for value in np.ascontiguousarray(rows[:, 12:]).view(">u4").ravel()]


def _victims(found: Surveyed) -> list[int]:
    """IPv4 hosts that the capture's truth names as victims. Raises ``InputError`` where it names none."""
    named = [victim for entry in (found.truth.entries if found.truth else ()) for victim in entry.victims]
    hosts = []
    for text in dict.fromkeys(named):
        network = ipaddress.ip_network(text, strict=False)
        if network.version == 4 and network.num_addresses == 1:
            hosts.append(int(network.network_address))
    if not hosts:
        raise InputError("--onto-sites needs a truth that names victims by their IPv4 address, and there is none")
    return hosts
