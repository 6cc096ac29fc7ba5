"""Files of alerts as they lie about: rotated, compressed, cut off, repeated, damaged, hostile."""

from __future__ import annotations

import gzip
import json
import os
import random
from pathlib import Path

import numpy as np
import pytest

from campaign.adapters import adapter, names
from campaign.alert_files import Read, files_of, read_alerts
from campaign.alert_lines import LONGEST_LINE
from campaign.alert_record import ReadSettings
from contract.errors import InputError
from tests.campaign import judged, recorded

ALERTS = [recorded.eve_alert(flow) for flow in judged.flows("ssh_bruteforce")]


def read(*paths: Path, damaged: str = "refuse", kind: str = "eve") -> Read:
    return read_alerts(list(paths), adapter(kind), ReadSettings(), damaged=damaged)


def test_a_file_and_where_each_alert_stands(tmp_path: Path) -> None:
    found = read(recorded.write_eve(tmp_path / "eve.json", [recorded.eve_stats(judged.START, 1, 0), *ALERTS]))
    assert (len(found.alerts), found.lines, len(found.counts)) == (10, 11, 1)
    assert found.alerts.line.tolist() == list(range(2, 12))


def test_parts_of_a_rotated_log_that_overlap_count_once(tmp_path: Path) -> None:
    """copytruncate leaves lines in both; whoever gives both files means each alert once."""
    one = recorded.write_eve(tmp_path / "eve.json.1", ALERTS[:6])
    two = recorded.write_eve(tmp_path / "eve.json", ALERTS[4:])
    found = read(one, two)
    assert (len(found.alerts), found.duplicates) == (10, 2)


def test_a_folder_and_a_compressed_part(tmp_path: Path) -> None:
    (tmp_path / "eve.json.1.gz").write_bytes(gzip.compress(recorded.write_eve(tmp_path / "x", ALERTS[:5]).read_bytes()))
    recorded.write_eve(tmp_path / "eve.json", ALERTS[5:])
    assert len(read(tmp_path).alerts) == 10
    with pytest.raises(InputError, match="holds no file of Zeek"):
        read(tmp_path, kind="zeek")


def test_a_last_line_that_is_still_being_written(tmp_path: Path) -> None:
    path = recorded.write_eve(tmp_path / "eve.json", ALERTS)
    whole = path.read_bytes()
    last = whole[:-1].rindex(b"\n") + 1
    for at in range(last + 1, len(whole) - 1, 7):
        path.write_bytes(whole[:at])
        found = read(path)
        assert len(found.alerts) == 9
        assert "line 10" in found.notes[0]
    path.write_bytes(whole[:-1])  # a whole object only lacks its line feed
    assert len(read(path).alerts) == 10


def test_a_fast_alert_without_its_line_feed_may_lack_a_digit(tmp_path: Path) -> None:
    path = tmp_path / "alert_fast.txt"
    path.write_text("\n".join(recorded.snort_fast(flow) for flow in judged.flows("ssh_bruteforce")))
    found = read(path, kind="snort-fast")
    assert len(found.alerts) == 9
    assert "no line feed" in found.notes[0]


def test_a_damaged_line_is_refused_by_name_or_counted(tmp_path: Path) -> None:
    path = recorded.write_eve(tmp_path / "eve.json", ALERTS)
    rows = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*rows[:3], rows[3][:40] + b"\n", b"\xff\xfe\n", b"[" * 5000 + b"\n", *rows[4:]]))
    with pytest.raises(InputError, match=r"eve.json: line 4: not JSON.*--damaged skip"):
        read(path)
    found = read(path, damaged="skip")
    assert (len(found.alerts), found.damaged, len(found.notes)) == (9, 3, 3)


def test_a_line_without_end_is_bounded_and_told(tmp_path: Path) -> None:
    path = tmp_path / "eve.json"
    path.write_bytes(b'{"a":"' + b"x" * (3 * LONGEST_LINE) + b'"}\n' + json.dumps(ALERTS[0]).encode() + b"\n")
    with pytest.raises(InputError, match=r"line 1: longer than 1,048,576 bytes"):
        read(path)
    found = read(path, damaged="skip")
    assert (len(found.alerts), found.damaged) == (1, 1)


def test_zero_bytes_before_a_line_are_what_copytruncate_leaves(tmp_path: Path) -> None:
    path = recorded.write_eve(tmp_path / "eve.json", ALERTS)
    path.write_bytes(bytes(4096) + path.read_bytes())
    assert len(read(path).alerts) == 10


@pytest.mark.parametrize("damaged", ["refuse", "skip"])
def test_one_unusual_line_among_many_changes_nothing_for_the_others(tmp_path: Path, damaged: str) -> None:
    """What is read together, in parts and one by one comes out as if each line had been read alone."""
    path = tmp_path / "notice.log"
    notices = [(judged.START + 1000 * n, "Scan::Port_Scan", "198.18.0.9", None, n) for n in range(1500)]
    rows = recorded.zeek_notices([*notices, notices[3]]).encode().splitlines(keepends=True)
    rows.insert(700, b"cut off\n")
    path.write_bytes(b"".join(rows))
    np.arange(len(rows), dtype=np.int64).tofile(tmp_path / "notice.log.read")
    if damaged == "refuse":
        with pytest.raises(InputError, match=r"notice\.log: line 701: 1 values"):
            read(path, kind="zeek")
        return
    found = read(path, kind="zeek", damaged="skip")
    assert (found.lines, found.damaged, found.duplicates) == (len(rows), 1, 1)
    assert found.alerts.dst_port.tolist() == list(range(1500))
    assert found.alerts.read.tolist() == [n - 1 for n in found.alerts.line.tolist()]
    assert found.alerts.line.tolist() == [n + 9 + (n >= 692) for n in range(1500)]


def test_when_lines_could_be_read_lies_beside(tmp_path: Path) -> None:
    path = recorded.write_eve(tmp_path / "eve.json", ALERTS)
    np.arange(10, dtype=np.int64).tofile(tmp_path / "eve.json.read")
    assert sorted(read(path).alerts.read.tolist()) == list(range(10))
    assert files_of([tmp_path], adapter("eve")) == [path]


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file of alerts"):
        read(tmp_path / "none.json")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="not a regular file"):
        read(tmp_path / "pipe")
    (tmp_path / "bad.json.gz").write_bytes(b"no gzip")
    with pytest.raises(InputError, match="cannot read"):
        read(tmp_path / "bad.json.gz")
    cut = gzip.compress(b"x" * 100_000)[:-20]
    (tmp_path / "cut.json.gz").write_bytes(cut)
    with pytest.raises(InputError, match=r"cut\.json\.gz"):
        read(tmp_path / "cut.json.gz", damaged="skip")


FLOWS = judged.flows()
OCSF = {
    "class_uid": 2004,
    "time": judged.START // 10**6,
    "finding_info": {"title": "x", "uid": "1", "attacks": [{"technique": {"uid": "T1110"}}]},
    "evidences": [{"src_endpoint": {"ip": "198.18.0.9", "port": 5}, "dst_endpoint": {"ip": "198.18.1.1", "port": 22}}],
}
FIELDS = {"time": "t", "src": "s", "dst": "d", "src_port": "p", "signature": "n"}
PLAIN = {"t": judged.START / 10**9, "s": "198.18.0.9", "d": "198.18.1.1", "p": 5, "n": 'a "quoted", name'}
SAMPLES = {
    "eve": "".join(
        json.dumps(one) + "\n"
        for one in (*ALERTS, *map(recorded.eve_flow, FLOWS), recorded.eve_stats(judged.START, 9, 1))
    ),
    "zeek": recorded.zeek_conn(FLOWS)
    + recorded.zeek_notices([(flow.last, "Scan::Port_Scan", flow.src, None, None) for flow in FLOWS]),
    "snort-json": "".join(json.dumps(recorded.snort_json(flow)) + "\n" for flow in FLOWS),
    "snort-fast": "".join(recorded.snort_fast(flow) + "\n" for flow in FLOWS),
    "ocsf": (json.dumps(OCSF) + "\n") * 5,
    "ndjson": (json.dumps(PLAIN) + "\n") * 5,
    "csv": "t,s,d,p,n\n" + f'{judged.START // 10**9},198.18.0.9,198.18.1.1,5,"a ""quoted"", name"\n' * 5,
}
PUT = [
    *(b"", b"\0", b"\xff", b'"', b"{", b"}", b"[" * 3000, b"\n", b"\t", b",", b"9" * 400, b"-", b"\\u0000", b"1e999"),
    *(b"NaN", b"null", b"true", b"T99:", b"::", b"%", b"\xe2\x98\x82", b"#types\ta\n", b"#separator \\x41\n"),
]


def test_there_is_a_sample_of_every_format() -> None:
    assert set(SAMPLES) == set(names())


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_spoiled_files_are_refused_with_one_line_or_read(tmp_path: Path, kind: str) -> None:
    """Bytes changed, cut, put in or repeated anywhere: a result, or one line that names the file. Nothing else."""
    rng, path = random.Random(kind), tmp_path / "a.log"
    data = SAMPLES[kind].encode()
    settings = ReadSettings(fields=FIELDS if kind in {"csv", "ndjson"} else {})
    told = []
    for turn in range(60):
        at = rng.randrange(len(data))
        spoiled = data[:at] + rng.choice(PUT) + data[at + rng.choice([0, 1, 7, 900]) :]
        path.write_bytes(spoiled if turn % 4 else spoiled[: rng.randrange(len(spoiled))])
        try:
            found = read_alerts([path], adapter(kind), settings)
        except InputError as error:
            told.append(str(error))
            continue
        assert len(found.alerts.time) == len(found.alerts.src) == len(found.alerts.kind)
    assert len(told) > 5
    assert all(line.startswith(str(path)) and "\n" not in line and len(line) < 1000 for line in told)
