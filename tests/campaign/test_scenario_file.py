from __future__ import annotations

import pytest

from campaign.scenario_file import parse, read
from contract.errors import InputError

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
    with pytest.raises(InputError, match="not TOML"):
        parse(f"seed = {'9' * 5000}", "x", "x.toml")


@pytest.mark.parametrize("value", ["0x" + "f" * 5000, str(1 << 63), "2026-07-25", "[1, {x = 09:00:00}]"])
def test_what_json_cannot_carry_is_refused_wherever_it_stands(value):
    for text in (f"seed = {value}", f"[attacks.syn_flood.params]\nx = {value}"):
        with pytest.raises(InputError, match="is refused") as caught:
            parse(text, "x", "x.toml")
        assert str(caught.value).startswith("x.toml: ")
        assert len(str(caught.value)) < 200
