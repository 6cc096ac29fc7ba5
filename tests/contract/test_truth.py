from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contract.errors import InputError
from contract.truth import parse_truth, read_truth


def document(**entry: Any) -> dict[str, Any]:
    return {"format": "tenfold-truth/1", "capture": "a.pcap", "entries": [{"family": "syn_flood"} | entry]}


def test_a_whole_entry() -> None:
    truth = parse_truth(
        document(
            technique="T1498.001", start="2021-03-01T10:00:00Z", end="2021-03-01T10:00:01.5Z",
            attackers=["203.0.113.7", "198.51.100.0/24"], victims=["192.0.2.10"], ports=[80], protocol="tcp",
            not_ports=[22], not_attackers=["203.0.113.8"], not_victims=["192.0.2.11"],
            attacker_macs=["02:00:00:00:00:ff"], arp_operation="reply", what="ignored",
        ),
        "t",
    )  # fmt: skip
    entry = truth.entries[0]
    assert entry.start == 1_614_592_800 * 10**9
    assert entry.end == entry.start + 1_500_000_000
    assert (entry.protocol, entry.arp_operation, entry.attacker_macs) == (6, 2, (0x0200000000FF,))
    assert truth.otherwise == "benign"


def test_absent_keys_match_anything() -> None:
    entry = parse_truth(document(end=None), "t").entries[0]
    assert (entry.attackers, entry.victims, entry.ports, entry.protocol, entry.start) == ((), (), (), None, None)


@pytest.mark.parametrize(
    ("entry", "word"),
    [
        ({"family": "nonsense"}, "no family is called 'nonsense'"),
        ({"family": None}, "no family"),
        ({"attackers": "198.18.0.1"}, "attackers must be a list"),
        ({"victims": ["1.2.3"]}, "victims: '1.2.3' is neither"),
        ({"ports": [70000]}, "70000 is no port"),
        ({"ports": [True]}, "True is no port"),
        ({"protocol": "quux"}, "protocol 'quux'"),
        ({"start": "yesterday"}, "no ISO 8601 time"),
        ({"start": 5}, "no ISO 8601 time"),
        ({"start": "2021-03-01T10:00:01Z", "end": "2021-03-01T10:00:00Z"}, "end lies before start"),
        ({"attacker_macs": ["zz"]}, "no MAC address"),
        ({"attacker_macs": ["+12345678901"]}, "no MAC address"),
        ({"arp_operation": "shout"}, "arp_operation"),
    ],
)
def test_what_is_wrong_is_said(entry: dict[str, Any], word: str) -> None:
    with pytest.raises(InputError, match=word) as caught:
        parse_truth(document(**entry), "file.json")
    assert "file.json: entry 0" in str(caught.value)


NOT_TRUTH = [
    "",
    "[]",
    "{}",
    "{",
    '{"format": "other"}',
    '{"format": "tenfold-truth/1", "entries": 3}',
    '{"format": "tenfold-truth/1", "otherwise": "?"}',
    "[" * 100_000,
    '{"format": "tenfold-truth/1", "entries": [{"family": "syn_flood", "ports": [' + "9" * 5000 + "]}]}",
]


@pytest.mark.parametrize("text", NOT_TRUTH, ids=range(len(NOT_TRUTH)))
def test_not_a_truth_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.truth.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"x\.truth\.json"):
        read_truth(path)


def test_no_file_and_no_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such truth file"):
        read_truth(tmp_path / "absent.json")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not JSON"):
        read_truth(tmp_path / "binary.json")
    with pytest.raises(InputError, match="cannot read"):
        read_truth(tmp_path)


def test_real_truth_files_are_read(captures: Path) -> None:
    for path in captures.glob("*.truth.json"):
        assert len(read_truth(path).entries) == len(json.loads(path.read_text())["entries"])
