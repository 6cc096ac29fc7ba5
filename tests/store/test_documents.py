from __future__ import annotations

from store.reader import StoreReader
from store.writer import StoreWriter
from tests.store.helpers import alert, verdicts


def test_a_document_is_parsed_once_a_writing(tmp_path):
    with StoreWriter(tmp_path, compact_after=0) as writer, StoreReader(tmp_path) as reader:
        writer.commit(alerts=[alert(1), alert(2)])
        writer.commit(verdicts=verdicts(1, 0))  # with it is noted when the one before could be read
        first, second = reader.alerts().alerts
        again = reader.alerts().alerts
        assert again[0] is first
        assert again[1] is second
        writer.commit(alerts=[alert(2, 2)])
        newer = reader.alerts().alerts
        assert [row["alert_id"] for row in newer] == [2, 1]
        assert newer[0]["revision"] == 2
        assert newer[1] is second


def test_only_so_many_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("store.documents._KEPT", 3)
    with StoreWriter(tmp_path, compact_after=0) as writer, StoreReader(tmp_path) as reader:
        writer.commit(alerts=[alert(number) for number in range(1, 8)])
        assert [row["alert_id"] for row in reader.alerts(limit=5).alerts] == [7, 6, 5, 4, 3]
        assert len(reader._documents._known) == 3
