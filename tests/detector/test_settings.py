"""A configuration that changes while the detector runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.errors import InputError
from detector.config import Config
from detector.pipeline import Detector
from detector.settings import Settings
from tests.detector.streams import always


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "t.toml"
    file.write_text("[alerts]\nsure = 0.9\n")
    return file


def test_it_is_read_again_when_asked(path: Path) -> None:
    settings = Settings(path)
    detector = Detector(settings.config, always("port_scan"))
    path.write_text("[alerts]\nsure = 0.8\n[families.port_scan]\nevidence = 77\n[meter]\nidle_s = 5\n")
    settings.refresh(detector)
    assert detector.config.sure == 0.9
    settings.asked.set()
    settings.refresh(detector)
    assert detector.config.sure == 0.8
    assert detector.alerts.policy.bar("port_scan").evidence == 77
    assert settings.notes == ["configuration read again; for idle_s start anew"]


def test_a_bad_file_changes_nothing_and_is_told(path: Path) -> None:
    settings = Settings(path)
    detector = Detector(settings.config, always("port_scan"))
    path.write_text("[alerts]\nsure = 3\n")
    settings.asked.set()
    settings.refresh(detector)
    assert detector.config.sure == 0.9
    assert settings.notes[0].startswith("configuration kept as it was:")
    with pytest.raises(InputError, match=r"alerts\.sure"):
        Settings(path)


def test_without_a_file_there_is_nothing_to_read() -> None:
    settings = Settings()
    settings.asked.set()
    settings.refresh(Detector(Config(capacity=256), always("port_scan")))
    assert settings.notes == ["asked to read the configuration again, but was started without one"]
