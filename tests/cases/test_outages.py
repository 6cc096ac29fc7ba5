"""What programs do when something is broken raises no alert; a flood and a sweep beside it still do."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.byhand import kinds
from detector.model import DEFAULT, load_default
from detector.offline import detect

KINDS = kinds()
pytestmark = pytest.mark.skipif(not DEFAULT.is_file(), reason="no trained model in this tree")


def alerts(folder: Path, *names: str) -> set[str]:
    """The families of the alerts that kinds of traffic raise together."""
    traffic = KINDS[names[0]].traffic()
    for name in names[1:]:
        traffic.frames += KINDS[name].traffic().frames
    traffic.save(folder / "x.pcap")
    return {alert.family for alert in detect(folder / "x.pcap", load_default()).alerts}


@pytest.mark.parametrize("name", ["line_cut", "resolver_gone", "database_down", "share_away", "one_way"])
def test_an_outage_is_no_attack(tmp_path: Path, name: str) -> None:
    assert alerts(tmp_path, name) == set()


@pytest.mark.parametrize(("outage", "attack"), [("line_cut", "wannacry_scan"), ("share_away", "carpet_syn")])
def test_an_attack_beside_it_is_told(tmp_path: Path, outage: str, attack: str) -> None:
    assert alerts(tmp_path, outage, attack) & set(KINDS[attack].families)
