"""The example to copy is a family like any other: under another name it passes what every family must pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.families import catalogue, read_family
from generator import registry
from tests.conformance import test_families as suite

ROOT = Path(registry.__file__).parent
DOCUMENT = ROOT.parent / "docs" / "adding-an-attack.md"
NAME = "door_knocking"


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The example as if it had been copied to ``generator/attacks/door_knocking.py``."""
    (tmp_path / "attacks").mkdir()
    copy = tmp_path / "attacks" / f"{NAME}.py"
    copy.write_text((ROOT / "attacks" / "_example.py").read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setitem(registry.names(), NAME, "generator.attacks._example")
    monkeypatch.setitem(catalogue(), NAME, read_family(copy))
    monkeypatch.setattr(suite, "ROOT", tmp_path)
    monkeypatch.setattr(suite, "ATTACKS", [*suite.ATTACKS, NAME])
    return NAME


def test_an_underscore_keeps_a_file_out() -> None:
    assert (ROOT / "attacks" / "_example.py").is_file()
    assert not [name for name in {**registry.names(), **catalogue()} if name.startswith("_") or "example" in name]


def test_the_example_passes_what_every_family_must(copied: str) -> None:
    suite.test_the_literal_can_be_read_without_importing(copied)
    suite.test_the_file_says_what_it_does_and_stays_small(copied)
    suite.test_empty_and_single_plans_work(copied)
    suite.test_the_same_seed_gives_the_same_and_another_does_not(copied)
    suite.test_both_sides_are_seen(copied)
    suite.test_frames_decode(copied)
    for seed in suite.SEEDS:
        suite.test_conversations_are_many_and_bounded(copied, seed)
        suite.test_attempts_are_whole_and_typed(copied, seed)
        suite.test_addresses_lie_in_the_lab(copied, seed)
        suite.test_attacks_can_be_told_from_ordinary_traffic_by_address(copied, seed)
        suite.test_every_connection_can_be_followed(copied, seed)


def test_the_document_shows_the_example() -> None:
    block = DOCUMENT.read_text(encoding="utf-8").split("```python\n", 1)[1].split("```", 1)[0]
    assert block == (ROOT / "attacks" / "_example.py").read_text(encoding="utf-8")
