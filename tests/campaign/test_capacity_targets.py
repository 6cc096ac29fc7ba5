"""Which targets count: the file's over the scenario's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from campaign.capacity_targets import limits
from campaign.scenario import load
from contract.errors import InputError


def test_the_scenarios_own_and_those_of_a_file(tmp_path) -> None:
    smoke = load("smoke")
    own = replace(smoke, targets=replace(smoke.targets, p99_ms=750.0, recall=0.2))
    assert (limits(own, None).p99_ms, limits(own, None).recall, limits(own, None).loss) == (750.0, 0.2, 0.0)
    path = tmp_path / "tenfold-check.toml"
    path.write_text("[slo]\nrecall = 0.9\n[slo.p99_ms]\n1x = 1000\n10x = 1500\n")
    assert (limits(own, path).p99_ms, limits(own, path).recall) == (1500.0, 0.9)
    path.write_text("[slo]\n[slo.p99_ms]\n1x = 'soon'\n")
    with pytest.raises(InputError, match="slo"):
        limits(own, path)
    with pytest.raises(InputError, match="no such"):
        limits(own, tmp_path / "absent.toml")
