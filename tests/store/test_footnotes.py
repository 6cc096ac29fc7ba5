from __future__ import annotations

import base64
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contract.errors import InputError
from store.footnotes import KEY, read_footnotes
from store.writer import StoreWriter
from tests.store.helpers import alert, flows, verdicts


def test_a_compacted_segment_says_what_its_commits_were(tmp_path):
    with StoreWriter(tmp_path, compact_after=0) as writer:
        for number in range(3):
            writer.commit(flows(2, 2 * number), verdicts(2, 2 * number), [alert(7, number + 1)], key=f"key {number}")
        writer.compact(everything=True)
    (flows_file,), (verdicts_file,) = (list((tmp_path / kind).glob("*.parquet")) for kind in ("flows", "verdicts"))
    told = read_footnotes(verdicts_file)
    assert [(note.key, note.parts) for note in told.values()] == [(f"key {n}", ("flows", "verdicts")) for n in range(3)]
    assert [note.alerts[0]["revision"] for note in told.values()] == [1, 2, 3]
    assert ["family" in note.alerts[0] for note in told.values()] == [False, False, True]
    assert [note.alerts for note in read_footnotes(flows_file).values()] == [(), (), ()]


@pytest.mark.parametrize("text", [b"?", base64.b64encode(b"?"), base64.b64encode(zlib.compress(b'[{"id": 1}]'))])
def test_a_damaged_one_is_told(tmp_path, text):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": [1]}).replace_schema_metadata({KEY: text}), path)
    with pytest.raises(InputError, match="damaged segment"):
        read_footnotes(path)


def test_one_of_before_says_nothing(tmp_path):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "x.parquet")
    assert read_footnotes(tmp_path / "x.parquet") == {}
