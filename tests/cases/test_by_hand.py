"""Small captures written by hand (``benchmarks.byhand``): what each must be called, and look-alikes to be let be.

The rest of them is measured by ``python -m benchmarks.byhand``; these hold what a rule was written for.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.byhand import kinds
from detector.model import DEFAULT, load_default
from detector.offline import detect

ATTACKS = (
    "kerberos_spray",
    "snmp_communities",
    "redis_guess",
    "shell_over_tls",
    "meterpreter_tcp",
    "miner_stratum",
    "heartbleed",
    "log4shell",
    "shellshock",
    "udp_scan_high",
)
LOOK_ALIKES = ("traceroute", "server_pings", "plug_in_cloud", "ldap_portal", "chat_of_friends", "logons_with_slips")

pytestmark = pytest.mark.skipif(not DEFAULT.is_file(), reason="no trained model in this tree")


def families(name: str, folder: Path) -> set[str]:
    path = folder / "by-hand.pcap"
    kinds()[name].traffic().save(path)
    return {alert.family for alert in detect(path, load_default()).alerts}


@pytest.mark.parametrize("name", ATTACKS)
def test_attack(name: str, tmp_path: Path) -> None:
    assert families(name, tmp_path) & set(kinds()[name].families)


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_look_alike(name: str, tmp_path: Path) -> None:
    assert not families(name, tmp_path)
