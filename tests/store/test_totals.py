from __future__ import annotations

from store.reader import StoreReader
from store.writer import StoreWriter
from tests.store.helpers import START, alert, verdicts

NS = 1_000_000_000


def test_alerts_are_counted_by_family_and_by_severity(tmp_path):
    with StoreWriter(tmp_path, compact_after=0) as writer, StoreReader(tmp_path) as reader:
        assert reader.counts()["alerts"] == {"total": 0, "open": 0, "families": {}, "severities": {}}
        writer.commit(alerts=[alert(1), alert(2), alert(3, 1, "web_scan")])
        writer.commit(alerts=[alert(1, 2)])
        found = reader.counts()
        assert found["alerts"]["families"] == {"syn_flood": 2, "web_scan": 1}
        assert sum(found["alerts"]["severities"].values()) == found["alerts"]["total"] == 3
        assert found["last_commit"] == reader.last_commit() == 2


def test_the_last_seconds_hold_what_the_whole_timeline_does(tmp_path):
    with StoreWriter(tmp_path, compact_after=0) as writer, StoreReader(tmp_path) as reader:
        assert reader.recent(3) == {}
        writer.commit(verdicts=verdicts(9000, 0))
        whole: dict[int, int] = {}
        for row in reader.timeline():
            if row.family != "benign":
                whole[row.second] = whole.get(row.second, 0) + row.attacks
        newest = max(second for second, attacks in whole.items() if attacks)
        assert newest >= START // NS
        assert reader.recent(3) == {second: n for second, n in whole.items() if newest - 3 < second}
