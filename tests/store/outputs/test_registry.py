from __future__ import annotations

from pathlib import Path

import pytest

from detector.config_keys import KINDS
from detector.config_text import markdown
from store.outputs.registry import complete, kinds, table_of


def test_every_kind_is_found_by_its_name():
    assert {"eve_file", "syslog", "webhook"} <= set(kinds())
    assert complete({"kind": "syslog", "address": "a:1"})["transport"] == "udp"


@pytest.mark.parametrize("name", kinds())
def test_every_key_can_be_written_and_explained(name):
    keys = table_of(name).keys
    assert len({key.name for key in keys}) == len(keys)
    for key in keys:
        assert key.kind in KINDS
        assert key.says or key.name == "kind"
        assert key.default is not None or key.example is not None
        assert (key.kind == "choice") == bool(key.choices)


def test_the_documentation_lists_every_key_as_it_is():
    text = (Path(__file__).parents[3] / "docs" / "outputs.md").read_text(encoding="utf-8")
    for name in kinds():
        rows = markdown(table_of(name)).splitlines()[2:]
        missing = [row for row in rows if row not in text and not row.startswith(("| `kind`", "| `batch`"))]
        assert not missing
