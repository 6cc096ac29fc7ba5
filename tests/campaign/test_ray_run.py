"""What is said where a campaign cannot go over Ray; what happens where it can is in ray_engine/test_over_ray.py."""

from __future__ import annotations

import sys

import pytest

from campaign.ray_run import OverRay, punctual
from contract.errors import InputError, LackingError


def test_without_ray_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    for module in [module for module in sys.modules if module.partition(".")[0] == "ray"]:
        monkeypatch.delitem(sys.modules, module)
    with pytest.raises(LackingError, match=r"pip install 'tenfold\[ray\]'"):
        OverRay(1, 2, None)


@pytest.mark.parametrize(("generators", "detectors"), [(0, 1), (1, 0), (65, 1), (1, 1000)])
def test_numbers_that_make_no_sense(generators: int, detectors: int) -> None:
    pytest.importorskip("ray", reason="Ray is not installed")
    with pytest.raises(InputError, match="there may be 1 to 64"):
        OverRay(generators, detectors, None)


def test_frames_that_were_handed_over_late_make_a_run_invalid() -> None:
    assert punctual({"within_slice": 1.0}, 0.999) == ""
    assert punctual({}, 0.999) == ""
    assert "98.00 % of frames" in punctual({"within_slice": 0.98, "slice_ms": 250.0}, 0.999)
