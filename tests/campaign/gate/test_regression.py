"""A comparison of this tree with itself, small and real: processes, socket, store, processor time."""

from __future__ import annotations

import pytest

from campaign.gate import regression, targets
from campaign.gate.builds import ROOT, at_path
from campaign.gate.findings import State
from campaign.gate.frames import make
from campaign.gate.pairs import Limits
from tests.campaign.gate.scenes import tiny
from tests.campaign.gate.test_block import broken


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frames")
    return make(folder, tiny(folder), 1.0, 1.0, 3)


def test_one_real_pair(tmp_path, made):
    limits = Limits(cpu_ratio=50.0, latency_ratio=50.0, pairs=1, most_pairs=1)
    said: list[str] = []
    candidate, base = at_path("candidate", ROOT), at_path("base", ROOT)
    rows, about = regression.against(candidate, base, made, limits, tmp_path, said.append, 1, warm=False)
    assert {row.state for row in rows if row.name == "CPU per 1,000 flows"} == {State.PASSED}
    assert [row.name for row in rows] == ["CPU per 1,000 flows", "median latency", "flows called an attack"]
    (pair,) = about["pairs"]
    assert pair["order"] in ("AB", "BA")
    for name in ("candidate", "base"):
        block = pair[name]
        assert block["build"] == name
        assert 0.01 < block["cpu_s"] < 60
        assert 0 < block["p50_ms"] <= block["p99_ms"]
    assert pair["candidate"]["attacks"] == pair["base"]["attacks"] > 0  # the same bytes, the same answer
    assert about["cpu_ms_per_1000_flows"]["base"] == [pytest.approx(1e6 * pair["base"]["cpu_s"] / made.flows, abs=0.01)]
    assert said[-1].startswith("regression: pair 1: CPU")


@pytest.mark.parametrize("name", ["candidate", "base"])
def test_a_build_that_cannot_be_measured_is_no_verdict(tmp_path, made, name):
    bad = broken(tmp_path / "tree", "raise SystemExit('bang')")
    builds = {"candidate": bad, "base": bad}
    rows, about = regression.against(*builds.values(), made, Limits(), tmp_path / "w", lambda _: None, 1)
    assert [row.state for row in rows] == [State.INVALID]
    assert "bang" in rows[0].got
    assert "pairs" not in about


def test_limits_are_those_of_the_file():
    assert regression.limits_of(targets.read()["regression"]) == Limits()
