"""A small campaign whose truth is plain to see, and what a detector might say of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from campaign.adapters import adapter
from campaign.alert_files import Read, read_alerts
from campaign.detector_file import Detector
from campaign.true_flows import TrueFlows
from tests.campaign import recorded
from tests.campaign.recorded import Flow
from tests.campaign.tables import SECOND, truth_table

START = 1_784_023_200 * SECOND
CLIENT, GUESSER, SITE = "198.18.0.1", "198.18.0.9", "198.18.1.1"


def row(second: float, **given: Any) -> dict[str, Any]:
    """One row of truth that begins so many seconds into the campaign and lasts half a second."""
    first = START + round(second * SECOND)
    return {"first": first, "last": first + SECOND // 2, "intended": first} | given


def table() -> pa.Table:
    """Ten login attempts of one guesser, five spoofed SYNs at one site, one web attack, four ordinary visits."""
    rows = [row(n, family="ssh_bruteforce", src=GUESSER, dst=SITE, src_port=1000 + n, dst_port=22) for n in range(10)]
    rows += [row(20 + n / 10, family="syn_flood", src=f"198.18.77.{n}", src_port=5000 + n) for n in range(5)]
    rows += [row(30, family="web_attack", src="198.18.0.66", src_port=6000)]
    rows += [row(n, src=CLIENT, src_port=7000 + n) for n in range(4)]
    return truth_table(*rows)


def truth() -> TrueFlows:
    return TrueFlows("small", table())


def flows(*families: str) -> list[Flow]:
    return recorded.flows_of(table(), families or None)


def eve(tmp_path: Path, records: list[dict[str, object]], **given: Any) -> tuple[Detector, Read]:
    """A detector whose EVE file holds these records, and what was read of it."""
    path = recorded.write_eve(tmp_path / "eve.json", records)
    detector = Detector(name="suricata", format="eve", alerts=(path,), **given)
    return detector, read_alerts([path], adapter("eve"), detector.reading(truth().span), damaged=detector.damaged)
