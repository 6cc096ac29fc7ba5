from __future__ import annotations

import pytest

from campaign.in_use import configuration, model_card
from contract.errors import LackingError
from detector.config_keys import TABLES


def test_without_a_file_the_defaults_hold():
    found = configuration(None)
    assert set(found) == {table.name for table in TABLES}
    meter = next(table for table in TABLES if table.name == "meter")
    assert found["meter"] == {key.name: key.default for key in meter.keys}


def test_what_no_table_knows_is_not_told(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text(
        '[other]\ntoken = "secret"\n[meter]\nidle_s = 5.0\npassword = "secret"\n'
        '[[mute]]\nfamilies = ["syn_flood"]\nreason = "known"\ntoken = "secret"\n[families.syn_flood]\nevidence = 3\n'
    )
    found = configuration(path)
    assert "secret" not in str(found)
    assert found["meter"]["idle_s"] == 5.0
    assert found["mute"] == [{"families": ["syn_flood"], "reason": "known"}]
    assert found["families"] == {"syn_flood": {"evidence": 3}}


def test_a_model_that_is_not_there_is_lacking(tmp_path):
    with pytest.raises(LackingError, match=r"lacks its model none\.skops"):
        model_card(tmp_path / "none.skops")


def test_a_model_without_a_card_has_an_empty_one(tmp_path):
    (tmp_path / "one.skops").write_bytes(b"x")
    assert model_card(tmp_path / "one.skops")["card"] == {}
