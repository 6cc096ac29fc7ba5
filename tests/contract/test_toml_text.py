"""TOML of others: what is sound is what tomllib makes of it, what would take for ever is refused at once."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from contract.errors import InputError
from contract.toml_text import DEEPEST, MOST_PARTS, read_toml

ROOT = Path(__file__).parents[2]


def test_what_ships_is_read_as_tomllib_reads_it() -> None:
    paths = [*ROOT.glob("scenarios/*.toml"), *ROOT.glob("campaign/mappings/*.toml"), *ROOT.glob("examples/**/*.toml")]
    assert len(paths) > 8
    for path in paths:
        assert read_toml(path.read_text(), "x") == tomllib.loads(path.read_text())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = ", "x: not TOML: "),
        ("a=1\n" * 20_001, "x: more than 20,000 keys"),
        ("a = " + "9" * 5000, "x: line 1: a number of more than 4,300 digits"),
        ("a = " + "[" * 100_000, "x: not TOML: "),
        ("\n\na" + ".a" * MOST_PARTS + " = 1", f"x: line 3: a key of more than {MOST_PARTS} parts"),
        ("[" + "'b c' . " * MOST_PARTS + "a]", f"x: line 1: a key of more than {MOST_PARTS} parts"),
        ("a = " + "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), f"x: lists or tables more than {DEEPEST} deep"),
    ],
)
def test_what_is_none_or_without_end_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_toml(text, "x")


def test_what_looks_long_and_is_not_passes() -> None:
    text = "a = [" + "1.5, " * 1000 + "]\n" + ".".join("b" * MOST_PARTS) + " = 1\n"
    assert read_toml(text, "x") == tomllib.loads(text)


def test_a_million_letters_are_looked_through_once() -> None:
    for text in ("a" * 1_000_000, "a " * 500_000, '"' * 1_000_001, "a." * 20 + "a" * 1_000_000, " " * 1_000_000 + "."):
        with pytest.raises(InputError):
            read_toml(text, "x")
