"""The folder of adapters is the list of formats."""

from __future__ import annotations

import pytest

from campaign import adapters
from contract.errors import InputError


def test_every_file_is_a_format_with_its_parts() -> None:
    assert adapters.names() == ("csv", "eve", "ndjson", "ocsf", "snort-fast", "snort-json", "zeek")
    for name in adapters.names():
        found = adapters.adapter(name)
        assert found.title
        assert found.files


def test_an_unknown_format_is_told() -> None:
    with pytest.raises(InputError, match=r"no format is called 'evil': there are csv, eve"):
        adapters.adapter("evil")
