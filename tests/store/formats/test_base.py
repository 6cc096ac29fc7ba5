from __future__ import annotations

import io

import pytest

from contract.errors import InputError
from store.formats.base import Format, Origin


def test_records_are_joined():
    form = Format("x", "", "text/plain", ".x", {"alerts": lambda rows, origin: f"{len(rows)}{origin.run}\n".encode()})
    sink = io.BytesIO()
    writer = form.open(sink, "alerts", Origin("r"))
    writer.write([{}])
    writer.write([{}, {}])
    writer.close()
    assert sink.getvalue() == b"1r\n2r\n"


def test_a_kind_that_a_format_has_no_form_for():
    with pytest.raises(InputError, match="x has no form for flows; it has one for alerts"):
        Format("x", "", "text/plain", ".x", whats=("alerts",)).open(io.BytesIO(), "flows", Origin())
