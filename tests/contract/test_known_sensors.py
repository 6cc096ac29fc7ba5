from __future__ import annotations

import pytest

from contract.known_sensors import read_known, write_known


def test_sensors_are_read_as_they_were_written(tmp_path):
    known = {"north": True, "south": False}
    write_known(tmp_path / "sensors.json", known)
    assert read_known(tmp_path / "sensors.json") == known


@pytest.mark.parametrize(
    ("text", "found"), [("", {}), ("[1]", {}), ('{"../x": true, "a": 1, "b": false}', {"b": False})]
)
def test_what_is_no_list_of_sensors_names_none(tmp_path, text, found):
    (tmp_path / "sensors.json").write_text(text)
    assert read_known(tmp_path / "sensors.json") == found
    assert read_known(tmp_path / "none.json") == {}
