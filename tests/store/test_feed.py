from __future__ import annotations

from dataclasses import replace

from contract.alert import ALLOWED_FROM
from store.feed import Feed
from store.filters import Filters
from store.writer import StoreWriter
from tests.store.helpers import alert, flows, verdicts


def test_alerts_come_in_the_order_in_which_they_were_raised_then_as_they_change(tmp_path):
    with StoreWriter(tmp_path) as writer, Feed(tmp_path) as feed:
        assert feed.raised() == []
        writer.commit(alerts=[alert(5), alert(3, family="web_scan"), alert(ALLOWED_FROM + 1)])
        raised = feed.raised()
        assert [one.document["alert_id"] for one in raised] == [5, 3]
        assert feed.raised(raised[0].row) == raised[1:]
        assert feed.raised(filters=Filters(family="web_scan")) == raised[1:]
        assert feed.raised(limit=1) == raised[:1]
        place = (feed.head().commit, raised[-1].row)
        assert feed.changed(place, raised[-1].row) == []
        writer.commit(alerts=[alert(5, 2), alert(9)])
        writer.commit(alerts=[replace(alert(3, 2), open=False)])
        changed = feed.changed(place, raised[-1].row)
        assert [(one.document["alert_id"], one.document["revision"]) for one in changed] == [(5, 2), (3, 2)]
        assert feed.changed((changed[0].commit, changed[0].row), raised[-1].row) == changed[1:]
        assert changed[0].document["raised_ns"] < changed[0].document["committed_ns"]
        assert feed.alert(9)["alert_id"] == 9
        assert (feed.behind(0), feed.behind(raised[0].row)) == (3, 2)
        assert feed.skip(0, 2) == raised[1].row


def test_rows_follow_each_other_through_compaction(tmp_path):
    with StoreWriter(tmp_path, compact_after=0) as writer, Feed(tmp_path) as feed:
        writer.commit(flows(10), verdicts(10))
        table, at = feed.rows("flows", 0)
        assert (table.num_rows, at) == (10, 10)
        assert feed.rows("flows", at) is None
        writer.commit(flows(5, 10), verdicts(5, 10))
        writer.compact(everything=True)
        table, at = feed.rows("flows", at)
        assert (table.column("flow_id").to_pylist(), at) == (list(range(10, 15)), 15)
        assert feed.head().rows == {"flows": 15, "verdicts": 15}
