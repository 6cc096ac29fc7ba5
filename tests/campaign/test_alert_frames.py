"""The frames of an alert are those of its flows: made again from a run's folder, or cut from the capture."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from campaign import alert_frames
from campaign.runfolder import RunFolder, write_json
from contract.alert import Alert
from contract.errors import InputError
from contract.schemas import NAME, VERDICTS
from detector.capture.opening import open_capture
from detector.meter import Meter
from generator.delivery import write_workload
from generator.workload import Share, Workload
from store.feed import Feed
from store.writer import StoreWriter

START = 1_700_000_000_000_000_000
WORKLOAD = Workload(
    seed=3,
    start_ns=START,
    duration_s=2.0,
    curve=((0.0, 60.0),),
    attacks=(Share("syn_flood"), Share("icmp_flood"), Share("arp_spoofing")),
    benign=(Share("dns_lookup"),),
    benign_curve=((0.0, 10.0),),
    sites=3,
    clients=80,
)


def frames_of(path):
    table = pa.Table.from_batches(open_capture(path).batches())
    return list(zip(table.column("ts").cast(pa.int64()).to_pylist(), table.column("frame").to_pylist(), strict=True))


def verdicts_of(flows: pa.RecordBatch, alert_of: np.ndarray) -> pa.RecordBatch:
    more = {
        "packets": flows.column("packets_fwd"),
        "bytes": flows.column("bytes_fwd"),
        "last": flows.column("first"),  # given at the first frame, as most are: the flow goes on
        "decided": flows.column("last"),
        "family": pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(flows), np.int16)), ["syn_flood"]).cast(NAME),
        "score": pa.array(np.ones(len(flows), np.float32)),
        "final": pa.array(np.ones(len(flows), np.bool_)),
        "alert_id": pa.array(alert_of.astype(np.uint64)),
    }
    columns = [more[f.name] if f.name in more else flows.column(f.name) for f in VERDICTS]
    return pa.record_batch(columns, schema=VERDICTS)


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """A run folder whose alert 1 has a third of all flows, the capture of its frames, and those of the alert."""
    root = tmp_path_factory.mktemp("run")
    capture = root / "whole.pcap"
    write_workload(WORKLOAD, capture)
    frames = frames_of(capture)
    meter, owner = Meter(capacity=4096), []
    for batch in open_capture(capture).batches():
        for n in range(batch.num_rows):  # one by one, so that the flow that was touched is the frame's
            meter.update(batch, n, n + 1)
            owner.append(int(meter.table.flows["flow_id"][meter.dirty()[-1]]))
            meter.clear_dirty()
    slots = meter.finish()
    flows = meter.export(slots)
    ids = np.asarray(flows.column("flow_id"))
    chosen = np.where(ids % 3 == 0, 1, 0)
    folder = RunFolder(root / "r1")
    folder.path.mkdir()
    with StoreWriter(folder.path) as store:
        alert = Alert(1, "syn_flood", "high", "", 0.9, START, START + 2_000_000_000, ["198.18.0.1"], ["198.18.0.2"])
        store.commit(flows, verdicts_of(flows, chosen), [alert])
    write_json(folder.state, {"id": "r1", "state": "finished"})
    write_json(folder.status("sender"), {"start_ns": START})
    folder.workload.write_text(WORKLOAD.to_json(), encoding="utf-8")
    mine = {int(i) for i in ids[chosen == 1]}
    return folder, capture, [frame for frame, flow in zip(frames, owner, strict=True) if flow in mine], len(mine)


def test_a_runs_frames_are_made_again_and_cut_to_the_alert(judged, tmp_path) -> None:
    folder, _, wanted, flows = judged
    for name in ("a.pcap", "a.pcapng", "a.arrow"):
        with Feed(folder.path) as feed:
            found = alert_frames.write(feed, folder.path, 1, tmp_path / name)
        assert found == {"alert": 1, "flows": flows, "frames": len(wanted), "from": "r1", "same": None}
        assert frames_of(tmp_path / name) == wanted
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.arrow", "a.pcap", "a.pcapng"]


def test_a_capture_is_cut_to_the_alert(judged, tmp_path) -> None:
    folder, capture, wanted, _ = judged
    with Feed(folder.path) as feed:
        alert_frames.write(feed, folder.path, 1, tmp_path / "a.pcap", capture)
    assert frames_of(tmp_path / "a.pcap") == wanted


def test_what_cannot_be_made_is_one_clear_line(judged, tmp_path) -> None:
    folder, _, _, _ = judged
    with Feed(folder.path) as feed:
        with pytest.raises(InputError, match="no alert 7"):
            alert_frames.write(feed, folder.path, 7, tmp_path / "a.pcap")
        with pytest.raises(InputError, match="cannot be made again; name the capture"):
            alert_frames.write(feed, tmp_path, 1, tmp_path / "a.pcap")
    assert not list(tmp_path.iterdir())


def test_an_alert_that_no_verdict_names_is_cut_by_its_samples(tmp_path) -> None:
    sample = {"src": "198.18.0.1", "dst": "2001:2::5", "src_port": 7, "dst_port": 8, "protocol": 17}
    with StoreWriter(tmp_path) as store:
        alert = Alert(1, "syn_flood", "high", "", 0.9, START, START + 5, sample_flows=[sample])
        store.commit(alerts=[alert])
    with Feed(tmp_path) as feed:
        flows = alert_frames.flows_of(feed, tmp_path, 1)
    assert (flows.first.tolist(), flows.last.tolist()) == ([START], [START + 5])
