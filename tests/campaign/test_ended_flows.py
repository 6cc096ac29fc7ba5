"""Which frames are in flows of a store: by key and span, and nothing that is older than what is asked for is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from campaign.ended_flows import EndedFlows
from detector.frame_keys import FrameKeys
from detector.meter import Meter
from store.reader import StoreReader
from store.writer import StoreWriter
from tests.api.helpers import SECOND, START, syn_frames


def test_frames_lie_in_the_span_of_a_flow_of_their_key_or_in_none(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    wanted, batches = [], []
    with StoreWriter(tmp_path, compact_after=0) as writer:
        for second in range(30):  # eight hosts: each says something in some of the seconds, or is left open
            meter = Meter(capacity=64)
            hosts, open_ = rng.permutation(8)[: rng.integers(1, 8)], rng.integers(0, 8)
            for host in hosts.tolist():
                frame = syn_frames(1, START + second * SECOND, host)
                batches.append(frame)
                wanted.append(host == open_)
                if host != open_:
                    meter.update(frame)
            writer.commit(meter.export(meter.finish()), key=f"k {second}")
    frames = pa.concat_batches(batches)
    ts = np.asarray(frames.column("ts").cast(pa.int64()))
    keys = FrameKeys().of(frames)
    with StoreReader(tmp_path) as store:
        assert EndedFlows(store, 0).lack(keys, ts).tolist() == wanted
        assert EndedFlows(store, START + 100 * SECOND).lack(keys, ts).all()
        assert store.first_row("flows", START + 100 * SECOND) > 1 << 40
        assert store.first_row("flows", 0) == 0
