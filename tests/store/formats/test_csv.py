from __future__ import annotations

import csv
import io

from store.formats.csv import FORMAT
from tests.store.formats.helpers import KEYS, ORIGIN, alert_documents, flow_table, verdict_table


def written(what, *pieces):
    sink = io.BytesIO()
    writer = FORMAT.open(sink, what, ORIGIN)
    for piece in pieces:
        writer.write(piece)
    writer.close()
    return list(csv.DictReader(io.StringIO(sink.getvalue().decode(), newline="")))


def test_one_head_line_for_all_pieces():
    rows = written("flows", flow_table(), flow_table())
    assert [row["src"] for row in rows] == [key[0] for key in KEYS] * 2
    assert rows[0]["first"] == "2023-11-14 22:13:20.000000000Z"
    assert len(written("detections", verdict_table())) == len(KEYS)


def test_lists_are_one_field():
    rows = written("alerts", alert_documents())
    assert rows[0]["evidence"] == "many SYNs; few answers"
    assert rows[0]["severity_reason"] == 'a "reason"\nof two lines'
    assert rows[0]["attackers"] == "198.18.0.1"
