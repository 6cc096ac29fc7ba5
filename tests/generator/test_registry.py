from __future__ import annotations

import pytest

from contract.errors import InputError
from generator import registry


def test_every_family_file_is_found_and_can_be_loaded() -> None:
    families = registry.families()
    assert {"syn_flood", "web_browsing"} <= set(families)
    for module in families.values():
        assert callable(module.conversations)
        assert callable(module.attempts)


def test_an_unknown_family_is_one_clear_line() -> None:
    with pytest.raises(InputError, match="makes no family 'nonsense'"):
        registry.family("nonsense")
