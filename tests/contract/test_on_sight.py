"""Which attacks can be known on sight."""

from __future__ import annotations

from contract.families import catalogue
from contract.on_sight import ON_SIGHT


def test_they_are_floods_and_scans_that_the_generator_makes() -> None:
    known = catalogue()
    assert {known[name].group for name in ON_SIGHT} == {"dos", "recon"}
    assert not ON_SIGHT & {"http_flood", "slowloris", "web_scan"}, "these are conversations: more of them comes"
