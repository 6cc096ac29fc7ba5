from __future__ import annotations

import pytest

from generator import lanes
from generator.lanes import STEP, alphabets
from generator.payload import ALPHABETS, KINDS


@pytest.mark.parametrize("row", range(len(KINDS)), ids=KINDS)
def test_a_spelling_names_each_character_of_its_alphabet_in_all_places(row: int) -> None:
    table, characters = alphabets(), ALPHABETS[KINDS[row]]
    assert table.shape == (len(KINDS), 10, STEP)
    given = table[row]
    assert (given[1:] == given[1:, :1]).all()
    assert (given[0].view("<u2") == len(characters)).all()
    told = bytes(
        int(given[1, 0]) + number + sum(int(given[k + 1, 0]) for k in range(2, 10, 2) if number >= given[k, 0]) & 255
        for number in range(len(characters))
    )
    assert told == characters


def test_an_alphabet_of_many_pieces_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "ALPHABETS", {"bytes": b"", "vowels": b"aeiouAEIOU"})
    with pytest.raises(ValueError, match="cannot be spelt"):
        alphabets()
