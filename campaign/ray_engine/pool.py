"""Detector shards as Ray actors: slices handed over with credit, and answers taken once each, in order.

A shard has at most ``credit`` slices under way. A slice is acknowledged when it has been merged: until then its parcels
are kept, so that a shard that is lost (its process or its node) goes on from the last acknowledged slice, with what the
merger holds of its flows. An answer counts once by (shard, slice), however often a slice is worked on.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from campaign.ray_engine.actors import DetectorShard, Lost
from contract.errors import LackingError
from contract.ledger import Ledger
from contract.version import VERSION
from detector.merging import Merger
from detector.shard_meter import Setup, Told

CREDIT: Final = 4
PATIENCE_S: Final = 120.0  # for an answer of a shard; a node that died is given up by Ray after some 10 s
START_S: Final = 600.0  # the first start of all compiles every kernel
FOR_EVER: Final[Any] = {"max_restarts": -1, "max_task_retries": -1, "scheduling_strategy": "SPREAD"}


class ParcelsLostError(Exception):
    """Parcels of slices under way went with the node that held them: they must be made again."""


@dataclass
class _Sent:
    """A slice under way: who was given what, and where the answers will be."""

    number: int
    edges: npt.NDArray[np.int64]
    parcels: list[list[Any]]  # by shard, by generator: references
    answers: list[Any]
    told: list[Told | None]


@dataclass
class Gap:
    """A shard that was lost: since when, from which slice on, how many were worked on again, and for how long."""

    shard: int
    slice: int
    again: int
    began: float
    seconds: float | None = None
    why: str = ""

    def __str__(self) -> str:
        ended = "not back by the end" if self.seconds is None else f"back after {self.seconds:.1f} s"
        return (
            f"detector shard {self.shard} was lost ({self.why}) and {ended}: it went on behind the last slice that was "
            f"acknowledged, at {self.slice}; {self.again} under way were handed over again, and none was counted twice"
        )


@dataclass
class Pool:
    """All detector shards of a run. Use it in this order: ``start``, then ``send`` and ``collect`` slice by slice."""

    setup: Setup
    merger: Merger
    credit: int = CREDIT
    nodes: Sequence[str] = ()  # ids of Ray's nodes on which shards begin, in turn; none: Ray spreads them
    gaps: list[Gap] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = Ledger()
        self._stage = self.ledger.stage("shard_slices", "slices")
        self._sent: list[_Sent] = []
        self._progress = time.monotonic()
        self.merged = 0  # slices, all of them acknowledged
        make = ray.remote(**FOR_EVER)(DetectorShard)
        self._actors = [
            make.options(**_place(self.nodes, shard)).remote(self.setup, shard) for shard in range(self.setup.shards)
        ]

    def start(self) -> None:
        """Wait until all shards are there. Raises ``LackingError``."""
        for version, _ in answers_of([actor.who.remote() for actor in self._actors], START_S, "detector shards"):
            check_version(version)
        self._progress = time.monotonic()

    @property
    def pids(self) -> list[int]:
        """Processes of the shards."""
        return [
            pid for _, pid in answers_of([actor.who.remote() for actor in self._actors], START_S, "detector shards")
        ]

    @property
    def room(self) -> bool:
        """Whether the shards may be given one more slice."""
        return len(self._sent) < self.credit

    @property
    def under_way(self) -> int:
        """Slices handed over and not yet acknowledged."""
        return len(self._sent)

    def send(self, number: int, edges: npt.NDArray[np.int64], parcels: list[list[Any]]) -> None:
        """Hand over a slice: for each shard references of its parcels, one for each generator."""
        if not self._sent:
            self._progress = time.monotonic()
        answers = [self._work(shard, number, edges, own) for shard, own in enumerate(parcels)]
        self._sent.append(_Sent(number, edges, parcels, answers, [None] * len(parcels)))

    def collect(self, timeout_s: float) -> list[Told] | None:
        """What all shards tell of the oldest slice under way; None where that takes longer.

        Raises ``ParcelsLostError`` where its parcels are gone, ``LackingError`` where a shard does not come back.
        """
        sent = self._sent[0]
        waiting = [answer for answer, told in zip(sent.answers, sent.told, strict=True) if told is None]
        ray.wait(waiting, num_returns=len(waiting), timeout=timeout_s, fetch_local=True)
        for shard, (answer, known) in enumerate(zip(sent.answers, sent.told, strict=True)):
            if known is None and ray.wait([answer], timeout=0, fetch_local=False)[0]:
                sent.told[shard] = self._told(shard, answer)
        if any(told is None for told in sent.told):
            late = [shard for shard, told in enumerate(sent.told) if told is None]
            patience = self.patience(late)
            if time.monotonic() - self._progress > patience:
                raise LackingError(f"detector shards {late} have not answered for {patience:.0f} s: see Ray's nodes")
            return None
        self._progress = time.monotonic()
        return [told for told in sent.told if told is not None]

    def patience(self, late: list[int]) -> float:
        """Seconds to wait for these shards: one that was lost may be starting anew where no kernel is compiled yet."""
        return START_S if any(gap.seconds is None and gap.shard in late for gap in self.gaps) else PATIENCE_S

    def acknowledge(self) -> None:
        """The oldest slice is merged, all of it: its parcels may go, and no shard goes back behind it."""
        self._sent.pop(0)
        self.merged += 1
        self._stage.in_flight -= self.setup.shards
        self._stage.delivered += self.setup.shards

    def replace(self, parcels: dict[int, list[list[Any]]]) -> None:
        """Parcels of the slices under way were made again: work on them anew, from what is acknowledged."""
        for sent in self._sent:
            sent.parcels = parcels[sent.number]
        for shard in range(self.setup.shards):
            self._again(shard, "the parcels of its slices were lost")

    def abandon(self) -> None:
        """Leave what is under way."""
        self._stage.drop("abandoned", self._stage.in_flight)
        self._stage.in_flight = 0
        self._sent.clear()

    def numbers(self) -> list[int]:
        """Slices under way."""
        return [sent.number for sent in self._sent]

    def _work(self, shard: int, number: int, edges: npt.NDArray[np.int64], parcels: list[Any]) -> Any:  # noqa: ANN401
        self._stage.offered += 1
        self._stage.in_flight += 1
        return self._actors[shard].work.remote(number, edges, *parcels)

    def _told(self, shard: int, answer: Any) -> Told | None:  # noqa: ANN401 - a reference
        """An answer; where there is none the shard works on all that is under way again."""
        try:
            found = ray.get(answer)
        except RayTaskError as error:
            if not isinstance(error.cause, RayError):
                raise LackingError(f"detector shard {shard} failed: {line_of(error)}") from None
            raise ParcelsLostError from None
        except RayError as error:
            self._again(shard, line_of(error))
            return None
        if isinstance(found, Lost):
            self._again(shard, "its process or node ended")
            return None
        self._close_gap(shard)
        told: Told = found
        return told

    def _again(self, shard: int, why: str) -> None:
        held = self.merger.held(shard) if self.merged else None
        self._actors[shard].restore.remote(self._sent[0].number, held)
        for sent in self._sent:
            # What it told of a slice already stays: it would tell the same.
            self._stage.drop("again")
            self._stage.in_flight -= 1
            sent.answers[shard] = self._work(shard, sent.number, sent.edges, sent.parcels[shard])
        open_gap = next((gap for gap in self.gaps if gap.shard == shard and gap.seconds is None), None)
        if open_gap is None:
            self.gaps.append(Gap(shard, self._sent[0].number, len(self._sent), self._progress, why=why))
        else:
            open_gap.again += len(self._sent)

    def _close_gap(self, shard: int) -> None:
        for gap in self.gaps:
            if gap.shard == shard and gap.seconds is None:
                gap.seconds = time.monotonic() - gap.began


def _place(nodes: Sequence[str], shard: int) -> dict[str, Any]:
    """Where a shard begins; it may be started anew elsewhere."""
    if not nodes:
        return {}
    return {"scheduling_strategy": NodeAffinitySchedulingStrategy(nodes[shard % len(nodes)], soft=True)}


def check_version(version: str) -> None:
    """Raise ``LackingError`` where a node runs another release: records of flows would be read wrongly."""
    if version != VERSION:
        raise LackingError(f"a node of Ray has tenfold {version} installed, this one {VERSION}: install the same")


def answers_of(answers: Sequence[Any], timeout_s: float, whose: str) -> list[Any]:
    """All answers. Raises ``LackingError`` where one fails or takes longer."""
    try:
        found: list[Any] = ray.get(list(answers), timeout=timeout_s)
    except RayError as error:
        raise LackingError(f"{whose} cannot be started: {line_of(error)}") from None
    return found


def line_of(error: BaseException) -> str:
    """What an error of Ray says, in a line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if isinstance(error, RayTaskError) and lines else (lines[0] if lines else type(error).__name__)
