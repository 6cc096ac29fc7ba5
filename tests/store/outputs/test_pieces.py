from __future__ import annotations

import json
from dataclasses import replace

import pytest

from store.feed import Feed
from store.formats.base import Origin
from store.outputs.pieces import Pieces
from store.outputs.state import Cursor
from store.writer import StoreWriter
from tests.store.helpers import alert, flows, verdicts
from tests.store.outputs.helpers import settings


@pytest.fixture
def written(tmp_path):
    with StoreWriter(tmp_path, compact_after=0) as writer, Feed(tmp_path) as feed:
        yield writer, feed


def told(feed, cursor=Cursor(), **values):  # noqa: B008 - it is frozen in effect: pieces make new ones
    """All records behind a cursor, by batch, and the cursor at the end."""
    pieces, found = Pieces(feed, settings(format="ndjson", **values), Origin("r")), []
    while piece := pieces.next(cursor):
        cursor = piece.cursor
        if piece.batch:
            found.append([json.loads(line) for line in piece.batch.lines])
    return found, cursor


def test_alerts_are_told_once_in_batches_in_order(written):
    writer, feed = written
    writer.commit(alerts=[alert(n) for n in range(1, 6)])
    found, cursor = told(feed, batch=2)
    assert [[row["alert_id"] for row in part] for part in found] == [[1, 2], [3, 4], [5]]
    writer.commit(alerts=[alert(3, 2), alert(6)])
    found, cursor = told(feed, cursor, batch=2)
    assert [[row["alert_id"] for row in part] for part in found] == [[6]]


def test_updates_are_told_where_they_are_asked_for(written):
    writer, feed = written
    writer.commit(alerts=[alert(1), alert(2)])
    cursors = {word: told(feed, updates=word)[1] for word in ("all", "closed", "none")}
    writer.commit(alerts=[alert(1, 2), replace(alert(2, 2), open=False)])
    found = {word: told(feed, cursor, updates=word)[0] for word, cursor in cursors.items()}
    numbers = {
        word: [(row["alert_id"], row["revision"]) for part in parts for row in part] for word, parts in found.items()
    }
    assert numbers == {"all": [(1, 2), (2, 2)], "closed": [(2, 2)], "none": []}


def test_an_alert_that_becomes_severe_later_is_told_then_and_once(written):
    writer, feed = written
    writer.commit(alerts=[replace(alert(n), severity="low") for n in (1, 2, 3)])
    found, cursor = told(feed, least_severity="high")
    assert (found, cursor.below) == ([], (1, 2, 3))
    writer.commit(alerts=[replace(alert(2, 2), severity="critical"), replace(alert(3, 2), severity="low", open=False)])
    found, cursor = told(feed, cursor, least_severity="high")
    assert [row["alert_id"] for part in found for row in part] == [2]
    assert cursor.below == (1,)
    writer.commit(alerts=[replace(alert(2, 3), severity="critical")])
    assert told(feed, cursor, least_severity="high")[0] == []


def test_families_and_groups_choose(written):
    writer, feed = written
    writer.commit(verdicts=verdicts(9), alerts=[alert(1), alert(2, family="web_scan")])
    assert [row["alert_id"] for part in told(feed, families=["recon"])[0] for row in part] == [2]
    found, _ = told(feed, families=["syn_flood"], what=["detections"])
    assert {row["family"] for part in found for row in part} == {"syn_flood"}


def test_rows_are_told_across_segments_and_attacks_alone(written):
    writer, feed = written
    writer.commit(flows(5), verdicts(6))
    writer.commit(flows(5, 5))
    found, cursor = told(feed, what=["flows", "detections"], batch=3)
    rows = [row["flow_id"] for part in found for row in part if "ended" in row]
    assert rows == list(range(10))
    assert [row["flow_id"] for part in found for row in part if "family" in row] == [1, 2, 4, 5]
    assert (cursor.flows, cursor.verdicts) == (10, 6)
    writer.compact(everything=True)
    writer.commit(flows(2, 10))
    assert [row["flow_id"] for part in told(feed, cursor, what=["flows"])[0] for row in part] == [10, 11]


def test_what_waits_is_counted_and_may_be_left_out(written):
    writer, feed = written
    writer.commit(flows(5), alerts=[alert(1), alert(2), alert(3)])
    pieces = Pieces(feed, settings(what=["alerts", "flows"]), Origin())
    assert pieces.waiting(Cursor()) == {"alerts": 3, "flows": 5}
    cursor = pieces.left_out(pieces.left_out(Cursor(), "alerts", 2), "flows", 4)
    assert pieces.waiting(cursor) == {"alerts": 1, "flows": 1}
