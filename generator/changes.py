"""Changes of the rate while a campaign runs, as the sender hears of them, passes them on and tells of them.

The control file says ``{"changes": [{"at": null or second, "multiplier": x}, ...]}``; whoever writes it appends. Each
is told to the maker of frames once. The status tells of each ``{"asked": second, "multiplier": x, "from_second": second
or null}``: null until the maker has planned anew, or where the change came too late or the maker cannot change.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from generator.maker import Maker
from generator.ring import META, Record

TOKYO_RATE: Final = 815.0
MOST_MULTIPLIER: Final = 1000.0
_MOST: Final = 1000
_LATEST_S: Final = 604_800.0


@dataclass
class Change:
    """One change: when it was asked for, and from when on it holds (seconds of the campaign)."""

    asked: float
    multiplier: float
    from_second: float | None = None


class Changes:
    """All changes of one campaign. ``able``: the maker of frames plans, and can plan anew."""

    def __init__(self, able: bool) -> None:  # noqa: FBT001 - its only argument
        self._able = able
        self._heard = 0
        self._all: list[Change] = []

    def ask(self, changes: object, maker: Maker, second: float) -> None:
        """Pass on those of the control file's changes that are new; what makes no sense is passed over."""
        if not isinstance(changes, list):
            return
        for change in changes[self._heard : _MOST]:
            multiplier = _number(change.get("multiplier"), MOST_MULTIPLIER) if isinstance(change, dict) else None
            if multiplier is None:
                continue
            self._all.append(Change(round(second, 3), multiplier))
            if self._able:
                maker.change(multiplier * TOKYO_RATE, _number(change.get("at"), _LATEST_S))
        self._heard = max(self._heard, min(len(changes), _MOST))

    def told(self, maker: Maker, meta: Record) -> Record:
        """What the maker says is planned now; notes from when on changes hold."""
        while maker.plans:
            plan = maker.plans.popleft()
            if plan.end:
                self._note(plan.attempts / 1000, plan.upto / 1e9)
            meta = plan._replace(kind=META, attempts=0, upto=0, end=0)
        return meta

    def _note(self, rate: float, second: float) -> None:
        for change in self._all:
            if change.from_second is None and abs(change.multiplier * TOKYO_RATE - rate) < 0.001:
                change.from_second = second
                return

    def as_list(self) -> list[dict[str, Any]]:
        """For the status file."""
        return [asdict(change) for change in self._all]


def _number(value: object, most: float) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most:
        return float(value)
    return None
