"""Many lines at once give what each gives alone, in every format, or nothing, so that they are taken alone."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Sequence

import pytest

from campaign.adapters import adapter, names
from campaign.alert_columns import each
from campaign.alert_record import BadLineError, ReadSettings, port
from campaign.alert_table import Gathering, ManyReader
from campaign.alert_times import Stamps, zone_of
from tests.campaign import judged, recorded
from tests.campaign.gathered import plain

FLOWS = judged.flows()
NS, START = 10**9, judged.START
AT = "2026-07-14T10:00:00.000001+0000"
ENDS = {"id.orig_h": "198.18.0.9", "id.orig_p": 1, "id.resp_h": "198.18.1.2", "id.resp_p": 22, "proto": "tcp"}
ODD_ZEEK = (
    *({"_path": "conn", "ts": flow.first / NS, "duration": flow.src_port / 7, **ENDS} for flow in FLOWS[:9]),
    {"_path": "conn", "ts": START // NS, **ENDS, "id.orig_h": "2001:2::1", "proto": "icmp"},
    {"_path": "notice", "ts": START / NS, "note": "SSH::Login", **ENDS, "community_id": "1:x="},
    {"_path": "notice", "ts": START / NS, "note": "Scan::Port_Scan", "src": "198.18.0.9", "p": 22, "proto": "icmp"},
    {"_path": "intel", "ts": START / NS, "seen.indicator": "x", "seen.indicator_type": "Intel::ADDR", **ENDS},
    {"_path": "weird", "ts": START / NS, "name": "bad_TCP_checksum", "peer": "zeek"},
)
SNORT = {"timestamp": "07/14-10:00:00.123456", "proto": "TCP", "src_ap": "198.18.0.9:5", "dst_ap": "[2001:2::1]:80"}
ODD_SNORT = (
    *map(recorded.snort_json, FLOWS),
    SNORT | {"msg": "x", "sid": 7, "gid": 3, "priority": 2},
    SNORT | {"seconds": START // NS, "rule": "1:2:3"},
    SNORT | {"timestamp": "26/07/14-10:00:00.123456", "msg": "x", "src_addr": "198.18.0.1", "src_port": 9},
    SNORT | {"proto": "ICMP", "msg": "ping", "icmp_type": 8, "src_ap": "198.18.0.9"},
)
FIELDS: dict[str, object] = {"time": "t", "src": "s.ip", "dst": "d", "src_port": "p", "signature": "n", "category": "c"}
FIELDS |= {"where": {"n": ['a "quoted", name', "7"]}}
PLAIN: tuple[dict[str, object], ...] = (
    {"t": START / NS, "s": {"ip": "198.18.0.9"}, "d": "198.18.1.1", "p": 5, "n": 'a "quoted", name'},
    {"t": START // NS, "s": [{"ip": "198.18.0.9"}], "d": "", "p": "5", "n": 7},
    {"t": str(START // NS), "s.ip": "198.18.0.9", "d": None, "n": 7, "c": [1, {"a": 2}]},
    {"t": "2026-07-14 10:00", "s": 3, "n": "none", "p": 99_999},
)


def table_lines() -> list[bytes]:
    """The lines of a CSV file, its header first."""
    out = io.StringIO()
    rows = [["t", "s.ip", "d", "p", "n", "c"]]
    rows += [
        [f"{START // NS}.{n:06d}", "198.18.0.9", f"198.18.1.{n}", str(n), 'a "quoted", name', ""] for n in range(9)
    ]
    rows += [[AT, "198.18.0.9", "", "", "7", "☂"], ["never", "", "", "", "something else", ""]]
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode().splitlines()


def dumped(records: Sequence[dict[str, object]]) -> list[bytes]:
    return [json.dumps(record).encode() for record in records]


def tsv(text: str) -> list[bytes]:
    """A log without its last line, which is a header's."""
    return text.encode().splitlines()[:-1]


NOTICES = [(flow.last, "Scan::Port_Scan", flow.src, flow.dst, 22) for flow in FLOWS]
# Of each format: how many lines come first (a header; of CSV a row, too, that tells how many cells it has), and all.
SAMPLES: dict[str, tuple[int, list[bytes]]] = {
    "eve": (0, dumped([*map(recorded.eve_alert, FLOWS), *map(recorded.eve_flow, FLOWS)])),
    "zeek conn": (8, tsv(recorded.zeek_conn(FLOWS).replace("\t-\t", "\t\\x2d\\x09\t", 1))),
    "zeek notice": (8, tsv(recorded.zeek_notices(NOTICES))),
    "zeek json": (0, dumped(ODD_ZEEK)),
    "snort-json": (0, dumped(ODD_SNORT)),
    "snort-json plain": (0, dumped(list(map(recorded.snort_json, FLOWS)))),
    "snort-fast": (0, [recorded.snort_fast(flow).encode() for flow in FLOWS]),
    "ndjson": (0, dumped(PLAIN)),
    "csv": (2, table_lines()),
}
STAMPS = Stamps(zone_of("Europe/Paris"), (START, START + 60 * NS))


def reader(name: str) -> ManyReader:
    found = adapter(name.split(maxsplit=1)[0]).reader(
        ReadSettings(STAMPS, f"{name.rsplit(maxsplit=1)[-1]}.log", FIELDS)
    )
    assert isinstance(found, ManyReader)
    return found


def one_by_one(name: str, lines: Sequence[bytes], head: int) -> tuple[object, ...]:
    found, alone = Gathering(), reader(name)
    for at, line in enumerate(lines):
        for row in alone.take(line) if at >= head else alone.take(line)[:0]:
            found.add(row, line=at - head)
    return plain(found)


def together(name: str, lines: Sequence[bytes], head: int) -> tuple[object, ...] | None:
    many_lines = reader(name)
    for line in lines[:head]:
        many_lines.take(line)
    try:
        many = many_lines.take_many(lines[head:])
    except ValueError:
        return None
    if many is None:
        return None
    found = Gathering()
    found.extend(many)
    return plain(found)


def test_there_is_a_sample_of_every_format() -> None:
    assert {name.split()[0] for name in SAMPLES} == set(names()) - {"ocsf"}  # that is read line by line


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_the_same_as_one_by_one(name: str) -> None:
    head, lines = SAMPLES[name]
    found = together(name, lines, head)
    assert found is not None
    assert found == one_by_one(name, lines, head)
    assert found != plain(Gathering())


PUT = (
    *(b"", b"{", b"}", b"]", b'"', b",", b"0", b"-", b"\\", b"\xc3", b" ", b"\\ud800", b"e5", b"null", b"\t", b"."),
    *(b"true", b"\\x41", b"\xe2\x98\x82", b"\xef\xbb\xbf", b"#fields\tts\n", b":", b"/", b"1e999", b"9" * 30, b"\r"),
)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_spoiled_lines_are_never_read_as_something_else(name: str) -> None:
    """Bytes changed, left out or put in anywhere: the fast way agrees with the slow one, or leaves it to it."""
    rng = random.Random(name)
    head, sample = SAMPLES[name]
    taken = 0
    for _ in range(150):
        lines = rng.choices(sample[head:], k=3)
        at = rng.randrange(3)
        spot = rng.randrange(len(lines[at]))
        lines[at] = lines[at][:spot] + rng.choice(PUT) + lines[at][spot + rng.randrange(3) :]
        if not lines[at]:
            continue  # no line at all
        whole = [*sample[:head], *lines]
        found = together(name, whole, head)
        if found is None:
            continue
        taken += 1
        try:
            alone = one_by_one(name, whole, head)
        except BadLineError as error:
            raise AssertionError(lines[at]) from error
        assert found == alone, lines[at]
    assert taken > 10


def test_values_that_are_equal_and_differ_in_type_are_told_apart() -> None:
    assert each([1, "1", None, 1], repr) == ["1", "'1'", "None", "1"]
    assert each([1, True, 1.0], repr) == ["1", "True", "1.0"]
    assert each([{}, []], repr) == ["{}", "[]"]
    with pytest.raises(BadLineError):
        each([1, True], port)
