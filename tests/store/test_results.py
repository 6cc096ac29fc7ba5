from __future__ import annotations

from store.reader import StoreReader
from store.results import Revision, Rollup
from store.writer import StoreWriter
from tests.store.helpers import alert, verdicts


def test_results_are_plain_rows(tmp_path):
    with StoreWriter(tmp_path) as writer:
        writer.commit(verdicts=verdicts(3), alerts=[alert(1)])
    with StoreReader(tmp_path) as reader:
        assert all(isinstance(row, Rollup) for row in reader.timeline())
        assert all(isinstance(row, Revision) for row in reader.alert_revisions())
        page = reader.detections()
        assert page.table.schema.names[-2:] == ["row", "committed"]
        assert page.cursor is None
