"""What a user says of a detector: read, checked, and refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaign.detector_file import Detector, offset, parse, read_detector
from contract.errors import InputError

WHOLE = """
[detector]
name = "sensor"
format = "csv"
alerts = "x.csv"
time_zone = "Europe/Paris"
tolerance = 2
window = 30
clock_offset = "auto"
community_id_seed = 7
damaged = "skip"
settle = 1
command = ["suricata", "-i", "{interface}"]

[detector.fields]
time = "t"
src = "s"

[[rule]]
signature = "x"
family = "port_scan"
"""


def test_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "d.toml"
    path.write_text(WHOLE)
    found = read_detector(path).check()
    assert found.alerts == (tmp_path / "x.csv",)
    assert (found.name, found.tolerance_s, found.window_s, found.clock_offset_s) == ("sensor", 2.0, 30.0, None)
    assert (found.community_id_seed, found.damaged, found.settle_s) == (7, "skip", 1.0)
    assert found.command[0] == "suricata"
    assert len(found.rules) == 1
    assert found.reading((0, 1)).fields == {"time": "t", "src": "s"}


def test_where_it_writes_its_alerts_is_seen_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "d.toml"
    places = ["unix:e.sock", "unix-dgram:/run/e.sock", "e.json", "/e.json"]
    path.write_text(f'[detector]\nformat = "eve"\nalerts = {places}\n')
    found = [str(place) for place in read_detector(path).alerts]
    assert found == [f"unix:{tmp_path}/e.sock", "unix-dgram:/run/e.sock", f"{tmp_path}/e.json", "/e.json"]


def test_known_names_know_their_format() -> None:
    assert parse({"name": "suricata"}, "x").format == "eve"
    assert parse({"format": "zeek"}, "x").name == "zeek"
    assert parse({"tolerance": 5}, "x", Detector(name="a", format="eve")).tolerance_s == 5


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ([], "a table is needed"),
        ({"colour": 1}, "no key is called 'colour'"),
        ({"name": 5}, "name is of the wrong kind"),
        ({"tolerance": True}, "wrong kind"),
        ({"format": "evil"}, "no format is called 'evil'"),
        ({"name": "a/b", "format": "eve"}, "no name for a detector"),
        ({"time_zone": "Mars"}, "no time zone"),
        ({"tolerance": -1}, "seconds from 0"),
        ({"window": 1e9}, "seconds from 0"),
        ({"clock_offset": "soon"}, "seconds are needed, or auto"),
        ({"community_id_seed": -1}, "from 0 to 65535"),
        ({"damaged": "maybe"}, "there are refuse and skip"),
        ({"alerts": [5]}, "a text is needed"),
        ({"command": [""]}, "a text is needed"),
    ],
)
def test_what_cannot_be_is_refused(table: object, why: str) -> None:
    with pytest.raises(InputError, match=why):
        parse(table, "x.toml")


def test_a_scenario_starts_no_program() -> None:
    with pytest.raises(InputError, match="a scenario starts no program"):
        parse({"command": ["rm"]}, "x.toml", scenario=True)


def test_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "d.toml"
    for text, why in (("=", "not TOML"), ("[other]", "'other' is none"), ("rule = 5", r"\[\[rule\]\]")):
        path.write_text(text)
        with pytest.raises(InputError, match=why):
            read_detector(path)
    with pytest.raises(InputError, match="no such detector file"):
        read_detector(tmp_path / "none.toml")
    path.write_text("[[rule]]\nsignature = 'x'\nfamily = 'evil'\n[detector]\nformat = 'eve'")
    with pytest.raises(InputError, match="rule 1: family 'evil'"):
        read_detector(path).check()


def test_offsets() -> None:
    assert offset("auto", "x") is None
    assert offset("-1.5", "x") == -1.5
    with pytest.raises(InputError):
        offset("nan", "x")
