"""``tenfold meter``: flows of a capture as rows."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.cli.helpers import tenfold
from tests.detector.captured import A, B, eth, ip4, udp
from tests.detector.test_metering import capture


def test_writes_a_row_a_flow_and_prints_a_summary(tmp_path: Path) -> None:
    carried = ip4(A, B, 17, udp(4000, 53, b"hello"))
    path = capture(tmp_path / "few.pcap", [(n * 10**9, eth(ip4(A, B, 4, carried))) for n in range(4)])
    told = tenfold("meter", path, "--out", tmp_path / "flows.parquet", "--tunnels", "inner", "--idle", "0.5", "--json")
    assert told.returncode == 0, told.stderr
    document = json.loads(told.stdout)
    assert (document["frames"], document["flows"], document["ledger"]["balanced"]) == (4, 4, True)
    assert document["protocols"] == {"udp": {"flows": 4, "packets": 4, "bytes": 4 * 33}}
    rows = pq.read_table(document["out"])
    assert rows.column("src_port").to_pylist() == [4000] * 4
    assert rows.column("ended").to_pylist() == ["idle"] * 3 + ["end_of_input"]
    told = tenfold("meter", path, "--bare")
    assert "4 frames, 1 flows" in told.stdout
    assert "ledger: balanced" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere.pcap",), "no such capture"),
        (("README.md", "--out", "flows.txt"), "end in .parquet, .arrow, .csv"),
        (("README.md", "--idle", "0"), "--idle 0: it takes a number above 0"),
        (("README.md", "--tunnels", "both"), "it is outer or inner"),
        (("README.md", "--tunnels", "inner", "--bare"), "leave out --tunnels inner"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(arguments: tuple[str, ...], words: str) -> None:
    told = tenfold("meter", *arguments)
    assert (told.returncode, told.stdout) == (2, "")
    assert words in told.stderr
    assert len(told.stderr.strip().splitlines()) == 1
