from __future__ import annotations

from pathlib import Path

from tests.api.helpers import serving


def test_limits_and_settings_are_told_and_no_path(client, runs_folder: Path):
    reply = client.get("/v1/configuration")
    found = reply.json()
    assert found["service"]["max_body"] > 0
    assert found["detector"]["meter"]
    assert not found["configured"]
    assert str(runs_folder) not in reply.text


def test_what_the_file_says_holds_and_what_is_not_the_detectors_is_not_told(tmp_path):
    config = tmp_path / "tenfold.toml"
    config.write_text('[alerts]\nsure = 0.9\n[[assets]]\nname = "gate"\naddresses = ["198.19.0.1"]\n')
    with serving(tmp_path / "runs", config=config) as client:
        found = client.get("/v1/configuration").json()
    assert found["configured"]
    assert found["detector"]["alerts"]["sure"] == 0.9
    assert found["detector"]["assets"] == [{"name": "gate", "addresses": ["198.19.0.1"]}]
