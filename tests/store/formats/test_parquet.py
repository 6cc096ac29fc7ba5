from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq

from store.formats.parquet import FORMAT
from store.formats.tables import tabular
from tests.store.formats.helpers import ORIGIN, alert_documents, flow_table, verdict_table


def test_pieces_come_back_as_one_table():
    for what, rows in (("flows", flow_table()), ("detections", verdict_table()), ("alerts", alert_documents())):
        sink = io.BytesIO()
        writer = FORMAT.open(sink, what, ORIGIN)
        writer.write(rows)
        writer.write(rows)
        writer.close()
        found = pq.read_table(io.BytesIO(sink.getvalue()))
        expected = tabular(rows, what)
        assert found.to_pylist() == pa.concat_tables([expected, expected]).to_pylist()
        assert found.schema.metadata[b"tenfold.what"] == what.encode()
