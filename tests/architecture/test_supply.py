"""What is shipped: every licence known and allowed, a bill of materials that names it all, advisories never guessed."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def supply() -> ModuleType:
    spec = importlib.util.spec_from_file_location("supply", ROOT / "deploy" / "supply.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_licence_may_be_shipped(supply: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert supply.licences() == 0
    assert "may be shipped" in capsys.readouterr().out


def test_a_licence_that_nobody_read_is_named(
    supply: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(supply, "READ", {})
    assert supply.licences() == 1
    assert "scapy" in capsys.readouterr().out


def test_the_bill_names_what_the_lock_pins(supply: ModuleType, tmp_path: Path) -> None:
    out = tmp_path / "sbom.json"
    assert supply.sbom(str(out)) == 0
    bill = json.loads(out.read_text())
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "tenfold")
    assert {row["name"] for row in bill["components"]} == set(supply.names())
    lock = supply.LOCK.read_text(encoding="utf-8")
    for row in bill["components"]:
        assert f"\n{row['name']}=={row['version']}" in f"\n{lock}"
    listed = [piece["content"] for row in bill["components"] for piece in row["externalReferences"][0]["hashes"]]
    assert len(listed) == lock.count("sha256:")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"dependencies": [{"name": "x", "version": "1", "vulns": []}]}, 0),
        ({"dependencies": [{"name": "x", "version": "1", "vulns": [{"id": "CVE-1"}]}]}, 1),
        ({"dependencies": [{"name": "x", "skip_reason": "not found"}]}, 3),
        ("no connection", 3),
    ],
)
def test_what_could_not_be_looked_up_is_no_success(
    supply: ModuleType, monkeypatch: pytest.MonkeyPatch, answer: Any, code: int
) -> None:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    done = subprocess.CompletedProcess([], 0, text, "no connection")
    monkeypatch.setattr(supply, "_run", lambda *_: done)
    assert supply.advisories() == code
