from __future__ import annotations

import io

import pytest

from contract.errors import InputError
from store.formats.base import WHATS
from store.formats.registry import format_of, formats
from tests.store.formats.helpers import ORIGIN, alert_documents, flow_table, verdict_table

ROWS = {"alerts": alert_documents(), "detections": verdict_table(), "flows": flow_table()}


def test_every_format_is_found_by_its_name():
    assert {"eve", "ocsf", "csv", "parquet", "ndjson"} <= set(formats())
    assert format_of("eve").media_type == "application/x-ndjson"
    with pytest.raises(InputError, match="no format is called 'xml'; there are"):
        format_of("xml")


@pytest.mark.parametrize("name", formats())
def test_every_format_writes_what_it_says_it_writes(name):
    form = format_of(name)
    assert form.says
    assert form.suffix.startswith(".")
    assert set(form.whats) <= set(WHATS)
    for what in form.whats:
        sink = io.BytesIO()
        writer = form.open(sink, what, ORIGIN)
        writer.write(ROWS[what])
        writer.close()
        assert sink.getvalue()
        assert not sink.closed
