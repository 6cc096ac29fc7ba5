"""How fast other detectors' records are read: lines a second of one core by format, beside each line read alone.

Run ``python -m benchmarks.alerts [LINES]``. A figure is the best of a few rounds.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from campaign.adapters import adapter
from campaign.alert_files import read_alerts
from campaign.alert_record import ReadSettings

LINES = 50_000
ROUNDS = 4
START = 1_722_018_600  # s since the epoch
FIELDS = {"time": "t", "src": "s.ip", "dst": "d", "src_port": "p", "signature": "n"}
CONN = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto duration conn_state history community_id".split()  # noqa: SIM905 - as Zeek's header
Json = dict[str, Any]


def hosts(rng: random.Random) -> Json:
    """Of one in 25,000 hosts to one of 120."""
    return {
        "src": f"198.18.{rng.randrange(100)}.{rng.randrange(250)}",
        "sport": rng.randrange(1024, 65_536),
        "dst": f"198.19.0.{rng.randrange(120)}",
        "id": f"1:{rng.getrandbits(80):027d}=",
    }


def clock(micro: int, form: str) -> str:
    """A moment by strftime's form, with microseconds."""
    return f"{time.strftime(form, time.gmtime(START + micro // 1_000_000))}.{micro % 1_000_000:06d}"


def eve(micro: int, it: Json) -> bytes:
    """An alert as Suricata writes it by default."""
    alert = {"action": "allowed", "gid": 1, "signature_id": 2_001_219 + micro % 40, "rev": 7, "severity": 2}
    alert |= {"signature": "ET SCAN Potential SSH Scan", "category": "Attempted Information Leak"}
    event = {"timestamp": f"{clock(micro, '%Y-%m-%dT%H:%M:%S')}+0000", "flow_id": micro, "event_type": "alert"}
    event |= {"src_ip": it["src"], "src_port": it["sport"], "dest_ip": it["dst"], "dest_port": 22, "proto": "TCP"}
    event |= {"community_id": it["id"], "alert": alert, "direction": "to_server"}
    return orjson.dumps(event | {"flow": {"pkts_toserver": 3, "bytes_toserver": 180}})


def connection(micro: int, it: Json) -> list[object]:
    """The values of Zeek's conn log, in the order of ``CONN``."""
    at = START + micro / 1e6
    return [at, f"C{micro}", it["src"], it["sport"], it["dst"], 22, "tcp", 0.003, "SF", "ShADadfF", it["id"]]


def zeek_tsv(micro: int, it: Json) -> bytes:
    """A line of conn.log."""
    return "\t".join(f"{one:.6f}" if isinstance(one, float) else str(one) for one in connection(micro, it)).encode()


def zeek_json(micro: int, it: Json) -> bytes:
    """The same as JSON."""
    return orjson.dumps(dict(zip(CONN, connection(micro, it), strict=True)))


def snort_json(micro: int, it: Json) -> bytes:
    """An alert with the fields that people usually ask for."""
    event = {"timestamp": clock(micro, "%m/%d-%H:%M:%S"), "proto": "TCP", "rule": "1:2001219:3", "msg": "SSH scan"}
    event |= {
        "src_ap": f"{it['src']}:{it['sport']}",
        "dst_ap": f"{it['dst']}:22",
        "class": "Attempted Information Leak",
    }
    return orjson.dumps(event)


def snort_fast(micro: int, it: Json) -> bytes:
    """One line of text."""
    what = '[**] [1:2001219:3] "SSH scan" [**] [Classification: Attempted Information Leak] [Priority: 2] {TCP}'
    return f"{clock(micro, '%m/%d-%H:%M:%S')} {what} {it['src']}:{it['sport']} -> {it['dst']}:22".encode()


def ocsf(micro: int, it: Json) -> bytes:
    """A detection finding with one evidence."""
    place = {"src_endpoint": {"ip": it["src"], "port": it["sport"]}, "dst_endpoint": {"ip": it["dst"], "port": 22}}
    place["connection_info"] = {"protocol_num": 6, "community_uid": it["id"]}
    info = {"title": "SSH guessing", "uid": str(micro), "attacks": [{"technique": {"uid": "T1110"}}], "types": ["a"]}
    event = {"class_uid": 2004, "time": START * 1000 + micro // 1000, "severity_id": 4, "finding_info": info}
    return orjson.dumps(event | {"evidences": [place]})


def ndjson(micro: int, it: Json) -> bytes:
    """One object of a tool of one's own."""
    return orjson.dumps(
        {"t": START + micro / 1e6, "s": {"ip": it["src"]}, "d": it["dst"], "p": it["sport"], "n": "SSH"}
    )


def table(micro: int, it: Json) -> bytes:
    """One row."""
    return f"{START + micro / 1e6:.6f},{it['src']},{it['dst']},{it['sport']},SSH guessing".encode()


FORMATS: dict[str, tuple[str, str, Callable[[int, Json], bytes]]] = {
    "eve": ("eve.json", "", eve),
    "zeek conn, TSV": ("conn.log", "\t".join(["#fields", *CONN]), zeek_tsv),
    "zeek conn, JSON": ("conn.log", "", zeek_json),
    "snort-json": ("alert_json.txt", "", snort_json),
    "snort-fast": ("alert_fast.txt", "", snort_fast),
    "ocsf": ("ocsf.json", "", ocsf),
    "ndjson": ("a.ndjson", "", ndjson),
    "csv": ("a.csv", "t,s.ip,d,p,n", table),
}


def main() -> int:
    """Print a line a format."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else LINES
    with tempfile.TemporaryDirectory() as folder:
        for name, (file, head, make) in FORMATS.items():
            rng = random.Random(1)
            lines = [make(20 * number, hosts(rng)) for number in range(count)]
            path = Path(folder) / file
            path.write_bytes(b"\n".join([head.encode(), *lines] if head else lines) + b"\n")
            kind = adapter(name.split()[0])
            settings = ReadSettings(file_name=file, fields=FIELDS)
            read = alone = float("inf")
            for _ in range(ROUNDS):
                begin = time.process_time()
                found = read_alerts([path], kind, settings)
                read = min(read, time.process_time() - begin)
                reader = kind.reader(settings)
                begin = time.process_time()
                for line in path.read_bytes().splitlines():
                    reader.take(line)
                alone = min(alone, time.process_time() - begin)
            if max(len(found.alerts), len(found.seen)) != count:
                raise SystemExit(f"{name}: {len(found.alerts):,} alerts, {len(found.seen):,} flows of {count:,}")
            print(f"{name:16s} {count / read:9,.0f} lines/s; {alone / read:.1f} times the parsing of each line alone")
    return 0


if __name__ == "__main__":
    sys.exit(main())
