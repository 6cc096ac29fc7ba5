from __future__ import annotations

from collections import deque

from generator.changes import Changes
from generator.ring import META, PLAN, Record


class FakeMaker:
    """What a maker is told, and what it says of its plan."""

    def __init__(self) -> None:
        self.told: list[tuple[float, float | None]] = []
        self.plans: deque[Record] = deque()

    def change(self, per_second: float, at_s: float | None) -> bool:
        self.told.append((per_second, at_s))
        return True


META_NOW = Record(META, 10, 20, 500, 50, 0, 0, 0)


def test_each_change_is_passed_on_once_and_told_when_it_holds() -> None:
    changes, maker = Changes(able=True), FakeMaker()
    asked = [{"at": None, "multiplier": 2}]
    changes.ask(asked, maker, 1.25)
    changes.ask(asked, maker, 1.5)
    changes.ask([*asked, {"at": 30, "multiplier": 0.5}], maker, 3.0)
    assert maker.told == [(1630.0, None), (407.5, 30.0)]
    maker.plans.append(Record(PLAN, 10, 20, 600, 60, 1_630_000, 5_500_000_000, 1))
    maker.plans.append(Record(PLAN, 10, 20, 700, 65, 0, 0, 0))
    assert changes.told(maker, META_NOW) == Record(META, 10, 20, 700, 65, 0, 0, 0)
    assert changes.told(maker, META_NOW) == META_NOW
    assert changes.as_list() == [
        {"asked": 1.25, "multiplier": 2.0, "from_second": 5.5},
        {"asked": 3.0, "multiplier": 0.5, "from_second": None},
    ]


def test_what_makes_no_sense_is_passed_over() -> None:
    changes, maker = Changes(able=True), FakeMaker()
    for nonsense in (None, "x", {}, [None, 3, {}, {"multiplier": "2"}, {"multiplier": -1}, {"multiplier": 1e9}]):
        changes.ask(nonsense, maker, 0.0)
    changes.ask([0] * 6 + [{"multiplier": 1, "at": "soon"}] * 2000, maker, 0.0)
    assert maker.told == [(815.0, None)] * (1000 - 6)


def test_a_maker_that_does_not_plan_is_not_asked() -> None:
    changes, maker = Changes(able=False), FakeMaker()
    changes.ask([{"multiplier": 2}], maker, 1.0)
    assert maker.told == []
    assert changes.as_list() == [{"asked": 1.0, "multiplier": 2.0, "from_second": None}]
