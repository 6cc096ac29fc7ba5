from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path

import pytest

from contract import families
from contract.errors import InputError

ROOT = Path(families.__file__).parents[1]
FILES = sorted([*(ROOT / "generator/attacks").glob("[a-z]*.py"), *(ROOT / "generator/benign").glob("[a-z]*.py")])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_is_read_is_what_the_file_says(path: Path) -> None:
    module = importlib.import_module(f"generator.{path.parent.name}.{path.stem}")
    assert families.read_family(path) == replace(module.FAMILY, id=path.stem)
    assert families.catalogue()[path.stem].attack == (path.parent.name == "attacks")


def test_every_family_is_complete() -> None:
    for name, family in families.catalogue().items():
        assert family.id == name
        assert family.title
        assert family.summary
        assert families.group_of(name) == family.group
        if family.attack:
            assert family.group in families.GROUPS
            assert family.technique in families.TECHNIQUES
            assert family.tactic in families.TACTICS
        else:
            assert family.technique == family.tactic == ""


def test_a_new_file_is_a_new_family(tmp_path: Path) -> None:
    path = tmp_path / "new_thing.py"
    path.write_text('FAMILY = Family("dos", "New", "A new thing.", technique="T1498", tactic="TA0040")\n')
    assert families.read_family(path) == families.Family("dos", "New", "A new thing.", "T1498", "TA0040", "new_thing")


@pytest.mark.parametrize(
    "text", ["", "FAMILY = 3\n", "FAMILY = Family(group=1 + x)\n", "FAMILY = Family(nonsense=1)\n"]
)
def test_a_file_without_a_readable_family(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.py"
    path.write_text(text)
    with pytest.raises(InputError, match=r"broken\.py"):
        families.read_family(path)


def test_no_such_family() -> None:
    assert families.group_of("benign") == "benign"
    with pytest.raises(InputError, match="no family is called 'x'"):
        families.group_of("x")
