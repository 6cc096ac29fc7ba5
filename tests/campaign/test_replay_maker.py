"""The maker of a replay's frames speaks the language of ``generator.spool``: a real process, a real ring."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.replay_maker import REQUEST, main, produce, whole_buckets
from campaign.replay_request import Request
from contract.clock import Clock
from contract.schemas import FRAMES, TIME
from generator.maker import Maker
from generator.ring import END, META, Record, Ring
from tests.campaign.captures import write_capture

SLOT = 5_000_000


def frames(times: list[int]) -> pa.RecordBatch:
    n = len(times)
    return pa.record_batch(
        [pa.array(times, pa.int64()).cast(TIME), pa.array([b"x"] * n, pa.binary()), pa.array([1] * n, pa.uint32()),
         pa.array([1] * n, pa.uint16())], schema=FRAMES,
    )  # fmt: skip


@given(st.lists(st.lists(st.integers(0, 6 * SLOT), max_size=5), max_size=8))
def test_buckets_are_not_spread_over_batches(parts: list[list[int]]) -> None:
    ordered = iter(sorted(n for part in parts for n in part))
    given_ = [frames([next(ordered) for _ in part]) for part in parts]
    found = [batch.column("ts").cast(pa.int64()).to_numpy() for batch in whole_buckets(iter(given_), 0)]
    assert [n for part in found for n in part] == sorted(n for part in parts for n in part)
    buckets = [set((part // SLOT).tolist()) for part in found]
    assert sum(map(len, buckets)) == len(set().union(*buckets))


def read(maker: Maker, ring: Ring) -> Iterator[tuple[Record, bytes]]:
    """Every record with its message, the last one included."""
    while True:
        maker.refill()
        while maker.records:
            record = maker.records.popleft()
            yield record, bytes(ring.get(record.at, record.length)) if record.kind not in (META, END) else b""
            if record.kind == END:
                return
            ring.release(record.end)
        assert not maker.gone or maker.records


def test_a_process_makes_what_was_asked_for_and_tells_the_truth_of_what_left(tmp_path: Path) -> None:
    capture = write_capture(tmp_path)
    (tmp_path / REQUEST).write_text(Request(str(capture)).to_json())
    ring = Ring.create(8 << 20)
    truth = tmp_path / "truth.parquet"
    workload = tmp_path / "workload.json"
    maker = Maker(workload, truth, Clock.start().anchor, ring, program="campaign.replay_maker")
    (meta, _), *rest = read(maker, ring)
    messages = [message for record, message in rest if record.kind not in (META, END)]
    table = pa.ipc.open_stream(b"".join(messages)).read_all()
    assert (meta.kind, meta.length, meta.frames, table.num_rows) == (META, 420, 400, 420)
    last = rest[-1][0]
    assert (last.kind, last.attempts, last.upto) == (END, 400, meta.at)
    times = table.column("ts").cast(pa.int64()).to_numpy()
    assert (np.diff(times) >= 0).all()
    # Stopped after 0.4 s: the truth is that of what left until then.
    upto = meta.due + 400_000_000
    assert maker.end(upto, early=False) == ""
    rows = pq.read_table(truth)
    assert 100 <= rows.num_rows <= 103
    assert rows.column("last").cast(pa.int64()).to_numpy().max() < upto


def test_a_capture_that_is_gone_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "nice", lambda _: 0)
    (tmp_path / REQUEST).write_text(Request(str(tmp_path / "gone.pcap")).to_json())
    before = signal.getsignal(signal.SIGUSR1)
    words = {"workload": tmp_path / "w", "clock": Clock.start().anchor, "truth": "t", "ring": 0, "size": 0, "out": 0}
    try:
        assert main([word for name, value in words.items() for word in (f"--{name}", str(value))], produce) == 2
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert capsys.readouterr().err == f"{tmp_path}/gone.pcap: no such capture\n"
