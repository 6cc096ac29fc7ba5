"""How soon entries of truth were found, by group, and held against what is asked of each group.

Floods and scans: within a second of the entry's first frame (and the tick of 50 ms in which it is decided). Guessing:
within ten sessions; bots, beacons and tunnels: within ten calls. What an attack makes in a second is its own choice, so
the table also says how many flows (probes, sessions, calls) had begun and how many had ended when the alert was raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from contract.families import group_of

IN_SECONDS: Final = ("dos", "recon")
IN_FLOWS: Final = ("credential", "command_and_control")
SECONDS: Final = 1.05
FLOWS: Final = 10


@dataclass(frozen=True)
class Found:
    """An entry that was found: after how many seconds, flows begun and flows ended."""

    capture: str
    family: str
    seconds: float
    begun: int
    ended: int

    @property
    def group(self) -> str:
        """The group of its family."""
        return group_of(self.family)

    @property
    def in_time(self) -> bool | None:
        """Whether it was found as soon as is asked of its group; ``None`` where nothing is asked."""
        if self.group in IN_SECONDS:
            return self.seconds <= SECONDS
        return self.begun <= FLOWS if self.group in IN_FLOWS else None


def found_entries(rows: Sequence[dict[str, Any]]) -> list[Found]:
    """The entries that were found, of rows as ``benchmarks/heldout.py`` makes them."""
    return [
        Found(
            row["capture"],
            entry["family"],
            float(entry["time_to_detect_s"]),
            int(entry["flows_to_detect"]),
            int(entry["flows_ended_to_detect"]),
        )
        for row in rows
        for entry in row["entries"]
        if entry["detected"] and entry["time_to_detect_s"] is not None
    ]


def by_group(found: Sequence[Found]) -> dict[str, dict[str, float | int | None]]:
    """A row a group: how many were found, how many in time, and the median and the most of what it took."""
    table: dict[str, dict[str, float | int | None]] = {}
    for group in sorted({one.group for one in found}):
        mine = [one for one in found if one.group == group]
        asked = mine[0].in_time is not None
        table[group] = {
            "found": len(mine),
            "in_time": sum(bool(one.in_time) for one in mine) if asked else None,
            "seconds_median": round(median(one.seconds for one in mine), 3),
            "seconds_most": round(max(one.seconds for one in mine), 3),
            "flows_begun_median": median(one.begun for one in mine),
            "flows_begun_most": max(one.begun for one in mine),
            "flows_ended_median": median(one.ended for one in mine),
        }
    return table


def lines(found: Sequence[Found]) -> Iterator[str]:
    """The table as text, and below it each entry that was found late."""
    yield (
        f"{'group':20} {'found':>5} {'in time':>7} {'seconds: median':>15} {'most':>8}"
        f" {'flows: median':>13} {'most':>6} {'ended':>6}"
    )
    for group, row in by_group(found).items():
        in_time = "-" if row["in_time"] is None else row["in_time"]
        yield (
            f"{group:20} {row['found']:5} {in_time:>7} {row['seconds_median']:15.2f} {row['seconds_most']:8.2f}"
            f" {row['flows_begun_median']:13g} {row['flows_begun_most']:6} {row['flows_ended_median']:6g}"
        )
    for one in sorted(found, key=lambda one: (one.group, one.capture)):
        if one.in_time is False:
            yield (
                f"late        {one.capture:42} {one.family:24} {one.seconds:.2f} s,"
                f" {one.begun} flows begun, {one.ended} ended"
            )
