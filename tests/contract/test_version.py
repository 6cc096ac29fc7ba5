from __future__ import annotations

import tomllib
from pathlib import Path

from contract.version import VERSION


def test_the_installed_version_is_that_of_the_tree() -> None:
    document = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert document["project"]["version"] == VERSION
