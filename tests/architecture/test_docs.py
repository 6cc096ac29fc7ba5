"""The documents say what is so: tests that they name exist, families and commands that exist are named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_tests_that_are_named_exist(path: Path) -> None:
    for file, name in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", path.read_text(encoding="utf-8")):
        assert (ROOT / file).exists(), f"{path.name} names {file}"
        if name:
            assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), f"{path.name} names {file}::{name}"


def test_each_promise_names_its_test() -> None:
    rows = [
        row for row in (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8").splitlines() if row[:2] == "| "
    ]
    promises = [row.strip("| ").split(" | ") for row in rows[1:]]
    assert len(promises) > 50
    for promise, *held in promises:
        assert len(held) == 1, promise
        named = re.findall(r"`([^`]+)`", held[0])
        assert named, promise
        assert all(re.fullmatch(r"tests/[\w/]+\.py(::\w+)?", name) for name in named), promise


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_every_command_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "cli").glob("*.py"):
        if path.stem not in {"__init__", "main", "output"}:
            assert path.stem in text, f"README.md does not name `tenfold {path.stem}`"


def test_the_changelog_knows_this_version() -> None:
    import tomllib

    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
