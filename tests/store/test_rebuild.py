from __future__ import annotations

from pathlib import Path

import pytest

from store.layout import DATABASE
from store.reader import StoreReader
from store.writer import StoreWriter
from tests.store.helpers import alert, flows, verdicts

ROWS = 10


def filled(path: Path, *, compacted: int, hot: int) -> None:
    """Commits of flows, verdicts and alerts; alert 0 is written anew with each of them."""
    with StoreWriter(path, compact_after=0) as writer:
        for number in range(compacted + hot):
            ids = number * ROWS
            writer.commit(
                flows(ROWS, ids), verdicts(ROWS, ids), [alert(0, number + 1), alert(number + 1)], key=f"k{ids}"
            )
            if number + 1 == compacted:
                writer.compact(everything=True)


def contents(path: Path) -> dict[str, object]:
    with StoreReader(path) as reader:
        return {
            "verdicts": [i for table in reader.verdict_tables() for i in table.column("flow_id").to_pylist()],
            "flows": [i for table in reader.flow_tables() for i in table.column("flow_id").to_pylist()],
            "alerts": [found.as_dict() for found in reader.all_alerts()],
            "raised": [found["alert_id"] for found in reader.alerts(limit=100).alerts],
            "changed": reader.alerts(limit=100).commits,
            "revisions": [(row.alert_id, row.revision, row.flows) for row in reader.alert_revisions()],
            "timeline": reader.timeline(),
            "counts": reader.counts(),
            "last": reader.last_commit(),
            "found": len(reader.flows(limit=1000).table),
        }


def harm(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:8192] = bytes(4096)
    path.write_bytes(data)


@pytest.mark.parametrize(("compacted", "hot"), [(0, 3), (4, 0), (4, 3)])
def test_a_damaged_database_is_set_aside_and_made_anew(tmp_path, compacted, hot):
    filled(tmp_path, compacted=compacted, hot=hot)
    before = contents(tmp_path)
    harm(tmp_path / DATABASE)
    with StoreWriter(tmp_path, compact_after=0) as writer:
        assert "damaged store" in writer.notes[0]
        assert "set aside as aside/store.sqlite.1" in writer.notes[0]
        assert contents(tmp_path) == before
        writer.commit(flows(ROWS), verdicts(ROWS), key="k0")  # it was there before: not again
        writer.commit(flows(ROWS, 700), verdicts(ROWS, 700), [alert(90)])
        writer.compact(everything=True)
    assert len(contents(tmp_path)["verdicts"]) == (compacted + hot + 1) * ROWS


def test_a_lost_database_is_made_anew_also_from_what_was_compacted_twice(tmp_path):
    filled(tmp_path, compacted=3, hot=2)
    with StoreWriter(tmp_path, compact_after=0) as writer:
        for _ in range(2):
            writer.compact(everything=True)
    before = contents(tmp_path)
    (tmp_path / DATABASE).unlink()
    with StoreWriter(tmp_path, compact_after=0) as writer:
        (note,) = writer.notes
    assert "made the database anew: 5 commits with 100 rows" in note
    assert contents(tmp_path) == before


def test_copies_that_compaction_had_not_removed_count_once(tmp_path):
    filled(tmp_path, compacted=3, hot=1)  # the sources of the compacted ones are still there
    before = contents(tmp_path)
    assert len(list((tmp_path / "flows").glob("*.arrow"))) == 4
    (tmp_path / DATABASE).unlink()
    StoreWriter(tmp_path, compact_after=0).close()
    assert contents(tmp_path) == before
    assert len(list((tmp_path / "flows").glob("*.arrow"))) == 1


def test_what_is_damaged_beside_a_lost_database_is_set_aside_and_the_rest_read(tmp_path):
    filled(tmp_path, compacted=2, hot=2)
    with StoreWriter(tmp_path, compact_after=0) as writer:
        writer.compact()  # removes what was compacted before
    (tmp_path / DATABASE).unlink()
    (compacted,) = (tmp_path / "flows").glob("*.parquet")
    compacted.write_bytes(compacted.read_bytes()[:-20])
    hot = tmp_path / "verdicts" / "000000000003.arrow"
    hot.write_bytes(hot.read_bytes()[:100])
    with StoreWriter(tmp_path, compact_after=0) as writer:
        said = " ".join(writer.notes)
    for name in (compacted.name, hot.name):
        assert f"{name}: damaged segment" in said
        assert list((tmp_path / "aside").glob(f"*/{name}"))
    assert "000000000003.arrow: is only a part of its commit; set aside" in said
    found = contents(tmp_path)
    assert found["verdicts"] == [*range(2 * ROWS), *range(3 * ROWS, 4 * ROWS)]
    assert found["flows"] == [*range(3 * ROWS, 4 * ROWS)]
