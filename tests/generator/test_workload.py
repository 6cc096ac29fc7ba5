from __future__ import annotations

from pathlib import Path

import pytest

from contract.errors import InputError
from generator.workload import Share, Workload, rate_at
from tests.generator.helpers import WORKLOAD


def test_json_brings_back_the_same_workload(tmp_path: Path) -> None:
    workload = Workload(attacks=(Share("syn_flood", 2.0, {"spoofed": 0.5}, 1.0, 3.0),), curve=((0.0, 1.0), (5.0, 9.0)))
    assert Workload.from_json(workload.to_json()) == workload
    path = tmp_path / "w.json"
    path.write_text(WORKLOAD.to_json())
    assert Workload.read(path) == WORKLOAD


@pytest.mark.parametrize("text", ["", "[]", "{", '{"seed": "x"}', '{"attacks": [1]}', '{"nonsense": 1}', "[" * 10**6])
def test_anything_else_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(InputError) as caught:
        Workload.from_json(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"duration_s": 0.0},
        {"duration_s": float("nan")},
        {"curve": ()},
        {"curve": ((0.0, -1.0),)},
        {"curve": ((5.0, 1.0), (1.0, 1.0))},
        {"arrivals": "bursty"},
        {"attacks": (Share("no_such_family"),)},
        {"attacks": (Share("syn_flood", -1.0),)},
        {"benign": (Share("web_browsing", 1.0, {}, 5.0, 1.0),)},
        {"sites": 0},
        {"ipv6_share": 2.0},
        {"seed": -1},
        {"start_ns": 4_294_967_290_000_000_000},
        {"attacks": (Share("syn_flood", 0.0),)},
        {"benign": (Share("web_browsing", 0.0),), "benign_curve": ((0.0, 5.0),)},
    ],
)
def test_values_without_sense_are_refused(changes) -> None:
    with pytest.raises(InputError):
        Workload(**changes)


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the workload"):
        Workload.read(tmp_path / "none.json")


def test_rates_are_linear_between_points_and_hold_outside() -> None:
    curve = ((2.0, 10.0), (4.0, 20.0), (4.0, 50.0), (6.0, 0.0))
    expected = {0: 10, 2: 10, 3: 15, 5: 25, 6: 0, 9: 0}
    assert {second: rate_at(curve, second) for second in expected} == expected


@pytest.mark.parametrize("curve", [((0.0, 1e7),), ((0.0, 0.0), (100.0, 4e6)), ((5.0, 1.0), (5.0, 1e7), (20.0, 1e7))])
def test_a_plan_that_no_memory_holds_is_refused_before_it_is_made(curve) -> None:
    with pytest.raises(InputError, match="choose a shorter duration or a lower rate"):
        Workload(curve=curve, attacks=(Share("syn_flood"),), duration_s=100.0)
    Workload(curve=curve, attacks=(Share("syn_flood"),), duration_s=4.0)
    Workload(curve=curve, duration_s=100.0)  # nobody to make any
