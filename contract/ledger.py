"""The ledger: for every stage, offered = delivered + dropped{reason} + in flight, to the frame and to the batch.

A stage counts for itself, so a fault that forgets an item on its way in and on its way out would balance. Hence links
(what one stage delivers the next is offered) and witnesses: somebody else who counted the same in another way.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from contract.errors import InputError

MEANT: Final = frozenset(
    {"foreign", "not_of_the_campaign", "allowed", "muted", "superseded", "not_wanted", "duplicate", "again"}
)
"""Reasons for which something goes no further and nothing is lost by it."""


@dataclass
class Stage:
    """Counts of one stage. ``unit`` says what is counted (frames, flows, verdicts)."""

    unit: str = "frames"
    offered: int = 0
    delivered: int = 0
    in_flight: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    def drop(self, reason: str, count: int = 1) -> None:
        """Count what was not passed on, under a named reason."""
        if count:
            self.dropped[reason] += count

    @property
    def unexplained(self) -> int:
        """What was offered and is neither delivered, dropped for a reason, nor in flight; 0 in a sound run."""
        return self.offered - self.delivered - self.in_flight - sum(self.dropped.values())

    def as_dict(self) -> dict[str, Any]:
        """The stage as a JSON object."""
        return {
            "unit": self.unit,
            "offered": self.offered,
            "delivered": self.delivered,
            "in_flight": self.in_flight,
            "dropped": dict(sorted(self.dropped.items())),
            "unexplained": self.unexplained,
        }


class Witness(NamedTuple):
    """Somebody who counted what a stage was offered or delivered, and is not that stage."""

    name: str
    stage: str
    column: Literal["offered", "delivered"]
    counted: int


@dataclass
class Ledger:
    """The stages of a run in the order in which a frame meets them.

    ``links`` names pairs of stages (in the same unit) of which the first delivers just what the second is offered.
    """

    stages: dict[str, Stage] = field(default_factory=dict)
    links: list[tuple[str, str]] = field(default_factory=list)
    witnesses: list[Witness] = field(default_factory=list)

    def stage(self, name: str, unit: str = "frames") -> Stage:
        """The stage of that name, made when first asked for."""
        return self.stages.setdefault(name, Stage(unit))

    def link(self, upstream: str, downstream: str) -> None:
        """Promise that ``downstream`` is offered exactly what ``upstream`` delivered."""
        if (upstream, downstream) not in self.links:
            self.links.append((upstream, downstream))

    def witness(self, name: str, stage: str, column: Literal["offered", "delivered"], count: int) -> None:
        """Hold a count of somebody else against that of a stage."""
        self.witnesses.append(Witness(name, stage, column, count))

    def faults(self) -> list[str]:
        """One line for each stage, link or witness that does not agree; empty in a sound run."""
        lines = [
            f"stage {name}: {stage.unexplained} {stage.unit} unexplained"
            for name, stage in self.stages.items()
            if stage.unexplained
        ]
        for up, down in self.links:
            if up in self.stages and down in self.stages:
                gap = self.stages[up].delivered - self.stages[down].offered
                if gap:
                    lines.append(f"between {up} and {down}: {gap} {self.stages[up].unit} unaccounted for")
        for name, of, column, count in self.witnesses:
            if of in self.stages and (said := int(getattr(self.stages[of], column))) != count:
                unit = self.stages[of].unit
                lines.append(f"stage {of}: says {said} {unit} {column}, but {name} counts {count}")
        return lines

    def unsettled(self) -> list[str]:
        """One line for each stage that still holds something: of a run that ended in order there must be none."""
        return [
            f"stage {name}: {stage.in_flight} {stage.unit} still in flight at the end"
            for name, stage in self.stages.items()
            if stage.in_flight
        ]

    @property
    def balanced(self) -> bool:
        """True when every stage and every link balances, and every witness agrees."""
        return not self.faults()

    def merge(self, other: Ledger) -> None:
        """Add the counts of another ledger (another process's) to this one."""
        for name, theirs in other.stages.items():
            mine = self.stage(name, theirs.unit)
            mine.offered += theirs.offered
            mine.delivered += theirs.delivered
            mine.in_flight += theirs.in_flight
            mine.dropped.update(theirs.dropped)
        for up, down in other.links:
            self.link(up, down)
        self.witnesses += other.witnesses

    def as_dict(self) -> dict[str, Any]:
        """The JSON object of a scorecard: ``balanced``, ``stages``, and, where there are any, ``faults``."""
        return {
            "balanced": self.balanced,
            "stages": {name: stage.as_dict() for name, stage in self.stages.items()},
            "links": [list(link) for link in self.links],
            "witnesses": [witness._asdict() for witness in self.witnesses],
            "faults": self.faults(),
        }

    def to_json(self) -> str:
        """``as_dict`` as text."""
        return json.dumps(self.as_dict(), indent=1)

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Ledger:
        """Read what ``as_dict`` wrote. Raises ``InputError`` where it is something else."""
        ledger = cls()
        try:
            for name, row in document["stages"].items():
                ledger.stages[name] = Stage(
                    row["unit"], row["offered"], row["delivered"], row["in_flight"], Counter(row["dropped"])
                )
            for up, down in document.get("links", []):
                ledger.link(up, down)
            ledger.witnesses = [Witness(**row) for row in document.get("witnesses", [])]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise InputError(f"not a ledger: {error!r}") from None
        return ledger
