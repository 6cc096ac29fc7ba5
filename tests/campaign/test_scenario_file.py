from __future__ import annotations

import pytest

from campaign.scenario_file import parse, read
from contract.errors import InputError
from generator.curves import integral, rate_at

GOOD = """
title = "T"
summary = "S."
duration = 10
multiplier = [[0, 1]]
[attacks]
syn_flood = 1
"""


def test_a_small_one_is_enough():
    scenario = parse(GOOD, "small", "small.toml")
    assert scenario.name == "small"
    assert scenario.targets.within_1ms == 0.999
    assert [share.family for share in scenario.attacks] == ["syn_flood"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = ", "not TOML"),
        (GOOD.replace("duration", "length"), "unknown key 'length'; known are title, summary, duration"),
        (GOOD.replace("duration = 10", ""), "duration is missing"),
        (GOOD.replace("10", '"ten"'), "duration: must be a number, not 'ten'"),
        (GOOD.replace("10", "0"), "duration: must be a number from 1 to 604800, not 0"),
        (GOOD.replace("[[0, 1]]", "[[0, -1]]"), "multiplier: point 1, value: must be a number from 0 to 1000, not -1"),
        (GOOD.replace("[[0, 1]]", "[[5, 1], [2, 1]]"), "multiplier: point 2: second 2 lies before"),
        (GOOD.replace("[[0, 1]]", "[[0, nan]]"), "multiplier: point 1, value: must be a number"),
        (GOOD.replace("[[0, 1]]", "[]"), "multiplier: needs at least one point"),
        (GOOD.replace("[[0, 1]]", "[3]"), r"multiplier: point 1: must be \[second, value\], not 3"),
        (GOOD.replace("syn_flood", "sin_flood"), "attacks.sin_flood: no family is called 'sin_flood'; the generator m"),
        (GOOD.replace("syn_flood = 1", "syn_flood = -1"), "attacks.syn_flood.weight: must be a number of 0 or more"),
        (GOOD.replace("syn_flood", "web_browsing"), "attacks.web_browsing: web_browsing is ordinary traffic"),
        (GOOD.replace("syn_flood = 1", ""), "attacks: no family is named, yet the multiplier asks for attempts"),
        (
            GOOD.replace("syn_flood = 1", "syn_flood = {wait = 1}"),
            "attacks.syn_flood: unknown key 'wait'; known are wei",
        ),
        (
            GOOD.replace("syn_flood = 1", "syn_flood = {from = 11}"),
            "attacks.syn_flood.from: must be a number from 0 to 10",
        ),
        (GOOD + "[benign]\nport_scan = 1", "benign.port_scan: port_scan is an attack"),
        (GOOD + "[targets]\nrecall = 2", "targets.recall: must be a number from 0 to 1"),
        (GOOD + "[targets.groups]\nxx = 1", "targets.groups: no group is called 'xx'"),
        (GOOD.replace("duration", "sites = 5000\nduration"), "1 to 800 sites"),
        (
            GOOD.replace("syn_flood = 1", "syn_flood = {params = {spoofing = 1}}"),
            "syn_flood knows no 'spoofing'; it ta",
        ),
        (
            GOOD + "[benign]\nntp_sync = {params = {x = 1}}",
            "benign.ntp_sync.params: ntp_sync knows no 'x'; it takes non",
        ),
        (GOOD.replace("[[0, 1]]", '{shape = "sine"}'), "multiplier: no shape is called 'sine'"),
        (GOOD.replace("[[0, 1]]", '{shape = "event", peak = 5000}'), "multiplier: reaches 5000, and 1000 is the most"),
        (GOOD.replace("[[0, 1]]", '{shape = "trace", file = 3}'), "multiplier: file: must be a text"),
        (GOOD.replace("[[0, 1]]", '{shape = "trace", file = "x.csv"}'), "can only be named in a scenario file"),
        (GOOD.replace("[[0, 1]]", '"fast"'), "multiplier: must be a list or a table"),
        ('arrivals = "bursty"\n' + GOOD, "arrivals 'bursty' is none of"),
        ('arrivals = {model = "mmpp", x = 1}\n' + GOOD, "arrivals: mmpp does not know 'x'"),
        ('benign_arrivals = {model = "mmpp", levels = [0, 0]}\n' + GOOD, "no level is above 0"),
        ('match = "all"\n' + GOOD, "match: must be true, false, 'shape' or 'frames', not 'all'"),
        (GOOD + "[path]\nspeed = 1", "path: unknown key 'speed'; known are rtt_median"),
        (GOOD + "[path]\nloss = 0.9", r"path.loss: must be a number from 0 to 0.3, not 0.9"),
        (GOOD + "[path]\nloss = 'much'", "path.loss: must be a number from 0 to 0.3, not 'much'"),
        (GOOD + "[zones.a]\nweight = 1", "zones.a.sites: must be a whole number, not None"),
        (GOOD + "[zones.a]\nsites = 0", "zones.a: needs 1 site or more"),
        (GOOD + "[zones.a]\nsites = 2\ncolour = 1", "zones.a: unknown key 'colour'; known are sites, weight, tra"),
        (GOOD + "[zones.a]\nsites = 2\nweight = -1", "zones.a.weight: must be a number of 0 or more"),
        (GOOD + "[zones.a]\nsites = 2\n[zones.a.attacks]\nntp_sync = 1", "zones.a.attacks.ntp_sync: ntp_sync is ord"),
        ("sites = 3\n" + GOOD + "[zones.a]\nsites = 2", "they have 2 sites, not 3"),
        (GOOD.replace("duration", "background = [[0, 5]]\nduration"), "benign: no family is named"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, words):
    with pytest.raises(InputError, match=words) as caught:
        parse(text, "x", "x.toml")
    assert str(caught.value).startswith("x.toml: ")
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match="no such scenario file"):
        read(tmp_path / "none.toml")
    with pytest.raises(InputError, match="cannot read: is a folder, not a scenario file"):
        read(tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not a text file"):
        read(tmp_path / "binary.toml")


def test_a_number_without_end_is_refused():
    with pytest.raises(InputError, match="a number of more than 4,300 digits"):
        parse(f"seed = {'9' * 5000}", "x", "x.toml")


@pytest.mark.parametrize("value", ["0x" + "f" * 5000, str(1 << 63), "2026-07-25", "[1, {x = 09:00:00}]"])
def test_what_json_cannot_carry_is_refused_wherever_it_stands(value):
    for text in (f"seed = {value}", f"[attacks.syn_flood.params]\nx = {value}"):
        with pytest.raises(InputError, match="is refused") as caught:
            parse(text, "x", "x.toml")
        assert str(caught.value).startswith("x.toml: ")
        assert len(str(caught.value)) < 200


def test_zones_have_their_sites_and_mixes():
    text = GOOD + "[benign]\nntp_sync = 1\n[zones.a]\nsites = 5\n[zones.b]\nsites = 3\nweight = 10\ntraffic = 0\n"
    scenario = parse(text + "[zones.b.attacks]\nport_scan = {weight = 2, params = {kind = 'udp'}}", "x", "x.toml")
    assert scenario.sites == 8
    first, second = scenario.zones
    assert (first.name, first.weight, first.traffic, first.attacks) == ("a", 5.0, 5.0, ())
    assert (second.weight, second.traffic) == (10.0, 0.0)
    assert second.attacks[0].params == {"kind": "udp"}


def test_arrivals_and_matching_are_read():
    assert parse(GOOD, "x", "x.toml").workload(0).arrivals == "poisson"
    scenario = parse('arrivals = "constant"\nmatch = true\n' + GOOD, "x", "x.toml")
    assert (scenario.arrivals, scenario.match) == ("constant", "shape")
    scenario = parse('benign_arrivals = {model = "mmpp", seconds = [1, 2]}\nmatch = "frames"\n' + GOOD, "x", "x.toml")
    assert (scenario.match, scenario.workload(0).benign_arrivals["seconds"]) == ("frames", [1, 2])


def test_traces_lie_beside_the_scenario(tmp_path):
    (tmp_path / "counts.csv").write_text("0,815\n1,0\n2,2445\n")
    text = GOOD.replace("[[0, 1]]", '{shape = "trace", file = "counts.csv", mean = 2}')
    text = 'arrivals = {model = "trace", file = "counts.csv"}\n' + text
    (tmp_path / "s.toml").write_text(text)
    scenario = read(tmp_path / "s.toml")
    rates = [rate_at(scenario.multiplier, second + 0.5) for second in (0, 1, 2)]
    assert rates[0] > rates[1] == 0
    assert rates[2] == pytest.approx(3 * rates[0])
    assert integral(scenario.multiplier, 10.0) == pytest.approx(20)
    assert scenario.arrivals == {"model": "trace", "counts": [815.0, 0.0, 2445.0], "bin": 1.0}
    (tmp_path / "s.toml").write_text(text.replace("counts.csv", "none.csv"))
    with pytest.raises(InputError, match=r"none\.csv: no such trace"):
        read(tmp_path / "s.toml")
