from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from campaign.figures import Figures
from campaign.runfolder import create, write_json
from campaign.watch import Watch
from generator.workload import Workload
from store.writer import StoreWriter
from tests.campaign.runs import status
from tests.store.helpers import START, alert, verdicts


def test_an_empty_folder_gives_zeros(tmp_path):
    watch = Watch(create(tmp_path, "smoke"), Workload(start_ns=START))
    figures = watch.look(START + 1, "running")
    assert (figures.attempts, figures.detected, figures.alerts, figures.p50_ms) == (0, 0, 0, None)
    watch.close()


def test_figures_come_from_status_files_and_store(tmp_path):
    folder = create(tmp_path, "smoke")
    watch = Watch(folder, Workload(start_ns=START, duration_s=10, curve=((0, 815), (5, 8150))))
    with StoreWriter(folder.path) as store:
        write_json(folder.status("sender"), status("sender", 1000, 1000) | {"lateness_us": {"p99": 300}})
        detector = status("receive", 900, 900) | {"frames": 900}
        detector["ledger"]["stages"]["receive"]["dropped"] = {"full": 3}
        write_json(folder.status("detector"), detector)
        store.commit(verdicts=verdicts(300), alerts=[alert(1)])
        first = watch.look(START + 1_000_000_000, "running")
        store.commit(verdicts=verdicts(30, first_id=300))
        second = watch.look(START + 2_000_000_000, "running")
    assert (first.t, first.multiplier, first.attempts, first.frames) == (1.0, 2.8, 200, 1000)
    assert (first.detected, first.alerts, first.open_alerts) == (200, 1, 1)
    assert first.families == {"syn_flood": 100, "web_scan": 100}
    assert (first.backlog, first.lost, first.lateness_p99_us) == (100, {"receive: full": 3}, 300)
    assert first.p50_ms > 0
    assert (second.detected, second.detected_per_s, second.sent_per_s) == (220, 20.0, 0.0)
    assert Figures(**first.as_dict()) == first
    watch.close()


def test_a_half_written_status_is_no_reason_to_stop(tmp_path):
    folder = create(tmp_path, "smoke")
    folder.status("sender").write_text('{"sent_frames": 1')
    watch = Watch(folder, Workload(start_ns=START))
    assert watch.look(START, "running").frames == 0
    watch.close()


def test_ordinary_verdicts_alone_have_no_latency(tmp_path):
    folder = create(tmp_path, "smoke")
    watch = Watch(folder, Workload(start_ns=START))
    some = verdicts(30)
    ordinary = some.filter(pc.equal(some.column("family").cast(pa.string()), "benign"))
    with StoreWriter(folder.path) as store:
        store.commit(verdicts=ordinary)
        seen = watch.look(START + 1_000_000_000, "running")
    assert ordinary.num_rows > 0
    assert (seen.detected, seen.p50_ms) == (0, None)
    watch.close()
