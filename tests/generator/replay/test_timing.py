"""Paces: what each asks for, and what makes no sense."""

from __future__ import annotations

import numpy as np
import pytest

from contract.errors import InputError
from generator.replay.timing import NS, Pace, make_timetable

BEGIN = 1_700_000_000 * NS
TS = BEGIN + np.array([0, 1, 2, 4, 10]) * NS
NUMBERS = np.arange(5)
NONE = np.zeros(0, np.int64)


def offsets(pace: Pace, starts: np.ndarray = NONE) -> list[float]:  # type: ignore[type-arg]
    table = make_timetable(pace, BEGIN, int(TS[-1]), 5, starts, 0)
    found: list[float] = (table.offsets(TS, NUMBERS) / NS).tolist()
    return found


def test_paces() -> None:
    assert offsets(Pace()) == [0, 1, 2, 4, 10]
    assert offsets(Pace(speed=4.0)) == [0, 0.25, 0.5, 1, 2.5]
    assert offsets(Pace(pps=2.0)) == [0, 0.5, 1, 1.5, 2]
    # 5 attempts 2.5 s apart on average; at 815/s they are 1/815 s apart
    assert offsets(Pace(multiplier=1.0), TS)[-1] == pytest.approx(4 / 815, abs=1e-8)


def test_rounds_follow_each_other() -> None:
    table = make_timetable(Pace(loops=3), BEGIN, int(TS[-1]), 5, NONE, 100)
    assert table.period_ns == 12.5 * NS  # the mean gap lies between two rounds
    assert table.begin_of(2) == 100 + 25 * NS
    assert table.stop_ns == 100 + 37.5 * NS
    assert make_timetable(Pace(pps=10.0, loops=4), BEGIN, int(TS[-1]), 5, NONE, 0).stop_ns == 2 * NS


def test_a_duration_cuts_or_is_filled() -> None:
    table = make_timetable(Pace(loops=0, duration_s=30.0), BEGIN, int(TS[-1]), 5, NONE, 0)
    assert (table.rounds, table.stop_ns) == (3, 30 * NS)
    table = make_timetable(Pace(loops=5, duration_s=2.0), BEGIN, int(TS[-1]), 5, NONE, 0)
    assert (table.rounds, table.stop_ns) == (1, 2 * NS)
    assert table.moved(50).stop_ns == 2 * NS + 50


def test_one_frame_is_enough() -> None:
    table = make_timetable(Pace(loops=2), BEGIN, BEGIN, 1, NONE, 0)
    assert table.period_ns >= 1


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"speed": 2.0, "pps": 3.0}, "--speed and --pps exclude each other"),
        ({"speed": 0.0}, "--speed 0 is not"),
        ({"pps": float("nan")}, "--pps nan"),
        ({"multiplier": -1.0}, "--multiplier -1"),
        ({"loops": -1}, "--loop -1"),
        ({"loops": 0}, "--loop 0 repeats until --duration"),
        ({"duration_s": 0.0}, "--duration 0"),
    ],
)
def test_numbers_that_make_no_sense(words: dict[str, float], text: str) -> None:
    with pytest.raises(InputError, match=text):
        Pace(**words)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pace", "text"),
    [
        (Pace(multiplier=2.0), "needs attempts that begin at different times; the capture has 0"),
        (Pace(speed=1e-5), "would last 14.5 days"),
        (Pace(pps=1e8, loops=0, duration_s=600.0), "rounds of"),
    ],
)
def test_what_a_capture_cannot_do(pace: Pace, text: str) -> None:
    with pytest.raises(InputError, match=text):
        make_timetable(pace, BEGIN, int(TS[-1]), 5, NONE, 0)
