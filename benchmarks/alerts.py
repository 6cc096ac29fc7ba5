"""How fast another detector's alerts are read: EVE lines a second of one core, beside the JSON parser alone.

Run ``python benchmarks/alerts.py [LINES]``.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

import orjson

from campaign.adapters import adapter
from campaign.alert_files import read_alerts
from campaign.alert_record import ReadSettings

LINES = 200_000
ROUNDS = 3


def line(rng: random.Random, number: int) -> bytes:
    """An alert as Suricata writes it by default, of one in 25,000 hosts."""
    micro = number * 1000 + rng.randrange(1000)
    at = f"2024-07-26T{19 + micro // 3_600_000_000:02d}:{micro // 60_000_000 % 60:02d}:{micro // 1_000_000 % 60:02d}"
    alert = {"action": "allowed", "gid": 1, "signature_id": 2_001_219 + rng.randrange(40), "rev": 7}
    alert |= {"signature": "ET SCAN Potential SSH Scan", "category": "Attempted Information Leak", "severity": 2}
    ends = {"src_ip": f"198.18.{rng.randrange(100)}.{rng.randrange(250)}", "src_port": rng.randrange(1024, 65_536)}
    ends |= {"dest_ip": f"198.19.0.{rng.randrange(120)}", "dest_port": 22, "proto": "TCP"}
    event = {"timestamp": f"{at}.{micro % 1_000_000:06d}+0000", "flow_id": rng.getrandbits(50), "event_type": "alert"}
    event |= ends | {"community_id": f"1:{rng.getrandbits(80):027d}=", "alert": alert, "direction": "to_server"}
    return orjson.dumps(event | {"flow": {"pkts_toserver": 3, "bytes_toserver": 180}})


def main() -> int:
    """Print the best of a few rounds."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else LINES
    rng = random.Random(1)
    lines = [line(rng, number) for number in range(count)]
    parsed = read = float("inf")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "eve.json"
        path.write_bytes(b"\n".join(lines) + b"\n")
        for _ in range(ROUNDS):
            begin = time.process_time()
            for one in lines:
                orjson.loads(one)
            parsed = min(parsed, time.process_time() - begin)
            begin = time.process_time()
            found = read_alerts([path], adapter("eve"), ReadSettings())
            read = min(read, time.process_time() - begin)
            if len(found.alerts) != count:
                raise SystemExit(f"{len(found.alerts):,} of {count:,} alerts were read")
    print(f"{count / read:,.0f} EVE lines/s; orjson alone {count / parsed:,.0f}/s: {parsed / read:.2f} of its rate")
    return 0


if __name__ == "__main__":
    sys.exit(main())
