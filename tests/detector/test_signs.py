"""Signs of exploits: each file, each entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.errors import InputError
from detector.signs import WIDTH, signs, table


@pytest.mark.parametrize("sign", signs(), ids=lambda sign: f"{sign.kind}:{sign.text}")
def test_example_holds_the_sign_and_the_innocent_does_not(sign):
    assert sign.text in sign.example.lower()
    assert sign.text not in sign.innocent.lower()
    assert sign.why


def test_table_holds_every_text_once():
    texts = [bytes(row).rstrip(b"\0").decode() for row in table()]
    assert texts == [sign.text for sign in signs()]
    assert len(set(texts)) == len(texts)
    assert table().shape[1] == WIDTH
    assert not table().flags.writeable


ENTRY = '[[sign]]\ntext = "{}"\nwhy = "w"\nexample = "e"\ninnocent = "i"\n'


@pytest.mark.parametrize(
    "text",
    [ENTRY.format("UNION"), ENTRY.format(""), ENTRY.format("x" * WIDTH), "sign = 3", "[", '[[sign]]\ntext = "a"'],
)
def test_a_wrong_file_is_named(tmp_path: Path, text):
    (tmp_path / "kind.toml").write_text(text)
    with pytest.raises(InputError, match=r"kind\.toml: no file of signs"):
        signs(tmp_path)
