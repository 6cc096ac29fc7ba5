"""Targets: lines of other detectors' alerts, one for each adapter."""

from __future__ import annotations

import json
from collections.abc import Callable

from campaign import adapters
from campaign.alert_files import read_alerts
from campaign.alert_record import ReadSettings
from contract.errors import TenfoldError
from tests.campaign import recorded
from tests.campaign.recorded import Flow
from tests.fuzz.target import Target, in_file, refused

AT = 1_784_023_200_123_456_000
FLOW = Flow("ssh_bruteforce", AT, AT + 10**9, "198.18.0.9", "2001:2::2", 40_000, 22, 6, "1:abc=")
FIELDS = {"time": "time", "src": "src", "dst": "dst", "src_port": "sport", "signature": "sig", "where": {"kind": ["a"]}}
NAMES = {"zeek": "notice.log", "csv": "x.csv"}


def reading(name: str) -> Callable[[bytes], None]:
    """Reads a whole file, leaving damaged lines out; what comes out is within the bounds of its columns."""

    def call(data: bytes) -> None:
        fields = FIELDS if name in ("csv", "ndjson") else {}
        path = in_file(data, NAMES.get(name, f"{name}.json"))
        try:
            found = read_alerts([path], adapters.adapter(name), ReadSettings(fields=fields), damaged="skip")
        except TenfoldError as error:
            refused(error)
            return
        assert found.lines >= found.damaged + found.duplicates
        for note in found.notes:
            refused(TenfoldError(note))

    return call


def eve() -> list[bytes]:
    flow = {"event_type": "flow", "timestamp": "2026-07-14T10:00:00.123456+0000", "proto": "ICMP", "icmp_type": 8,
            "src_ip": "198.18.0.9", "dest_ip": "fe80::1%eth0",
            "flow": {"start": "2026-07-14T10:00:00", "end": "2026-07-14T10:00:01Z"}}  # fmt: skip
    stats = {"event_type": "stats", "timestamp": "2026-07-14T10:00:00Z", "stats": {"capture": {"kernel_drops": 5}}}
    records = (recorded.eve_alert(FLOW), flow, stats)
    return ["".join(json.dumps(record) + "\n" for record in records).encode()]


def zeek() -> list[bytes]:
    notices = [(AT, "Scan::Port_Scan", "198.18.0.9", None, None), (AT, "X::Y", "198.18.0.9", "198.18.1.2", 22)]
    line = {"_path": "intel", "ts": 1784023200.5, "seen.indicator": "x", "id.orig_h": "198.18.0.9", "id.resp_h": "::1"}
    loss = {"_path": "capture_loss", "ts": "2026-07-14T10:00:00Z", "percent_lost": 0.5, "gaps": 3, "acks": 5}
    texts = [recorded.zeek_notices(notices), recorded.zeek_conn([FLOW])]
    return [*(text.encode() for text in texts), json.dumps(line).encode() + b"\n" + json.dumps(loss).encode() + b"\n"]


def csv() -> list[bytes]:
    return [b'time,src,dst,sport,sig,kind\n1784023200.5,198.18.0.9,::1,22,"a ""b""",a\n2026-07-14T10:00:00Z,,,,,b\n']


def ndjson() -> list[bytes]:
    row = {"time": 1784023200, "src": "198.18.0.9", "dst": "::1", "sport": 22, "sig": "x", "kind": "a"}
    return [json.dumps(row).encode() + b"\n"]


def ocsf() -> list[bytes]:
    from tests.campaign.adapters.test_ocsf import FINDING

    return [json.dumps(FINDING).encode() + b"\n"]


def snort_fast() -> list[bytes]:
    return [
        (
            b'07/14-10:00:00.123456 [**] [1:2001219:20] "ET SCAN SSH" [**] [Classification: A B] [Priority: 2] {TCP} '
            b"198.18.0.9:40000 -> 198.18.1.2:22\n"
        ),
        b"07/14/2026-10:00:00.123456  [**] [1:1:1] X [**] [Priority: 3] {IPV6-ICMP} 2001:2::1 -> 2001:2::2\n",
    ]


def snort_json() -> list[bytes]:
    row = {"timestamp": "26/07/14-10:00:00.123456", "src_addr": "198.18.0.9", "src_port": 40000, "dst_port": 22,
           "dst_addr": "198.18.1.2", "proto": "TCP", "msg": "x", "gid": 1, "sid": 5, "rev": 1, "class": "none",
           "priority": 3}  # fmt: skip
    return [json.dumps(row).encode() + b"\n"]


WORDS = (
    b"null", b"[]", b"{}", b"1e400", b"-0", b"NaN", b"9" * 25, b"\\u0000", b"\\ud83d", b"\xff", b"\t", b"#fields\t",
    b"#separator \\x09\n", b"#path\tconn\n", b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:59.999999999Z", b"\0", b"\n",
)  # fmt: skip
_SEEDS = {"eve": eve, "zeek": zeek, "csv": csv, "ndjson": ndjson, "ocsf": ocsf, "snort-fast": snort_fast,
          "snort-json": snort_json}  # fmt: skip
TARGETS = {f"lines-{name}": Target(reading(name), _SEEDS[name], WORDS) for name in adapters.names()}
