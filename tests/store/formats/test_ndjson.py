from __future__ import annotations

from contract.schemas import FLOWS
from store.formats.base import Origin
from store.formats.ndjson import encode
from store.formats.tables import tabular
from tests.store.formats.helpers import ORIGIN, alert_documents, flow_table, records, verdict_table


def test_rows_have_the_names_of_the_tables():
    for what, table in (("flows", flow_table()), ("detections", verdict_table())):
        found, expected = records(encode(table, ORIGIN, what)), tabular(table, what)
        assert [set(row) for row in found] == [{*expected.schema.names, "run"}] * table.num_rows
        assert [row["src"] for row in found] == expected.column("src").to_pylist()
    assert [row["final"] for row in records(encode(verdict_table(), Origin(), "detections"))][:2] == [True, False]


def test_alerts_are_their_documents():
    documents = alert_documents()
    assert records(encode(documents, Origin(), "alerts")) == documents
    assert encode(FLOWS.empty_table(), ORIGIN, "flows") == b""
