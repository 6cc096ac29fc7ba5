from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from generator.payload import NEAR, Part, Rand, join, lay_out

PIECES = st.lists(st.one_of(st.binary(max_size=20), st.integers(1, 20).map(lambda n: Rand(n, "hex"))), max_size=8)


@given(PIECES)
def test_literals_stand_where_they_were_put_and_random_parts_are_zero(pieces: list[bytes | Rand]) -> None:
    content = lay_out(pieces, 1)
    assert content.data == b"".join(p if isinstance(p, bytes) else bytes(p.n) for p in pieces)
    assert [part.length for part in content.parts] == [p.n for p in pieces if isinstance(p, Rand)]
    assert all(content.data[p.at : p.at + p.length] == bytes(p.length) for p in content.parts)


@given(PIECES, st.integers(1, 17))
def test_cutting_loses_nothing(pieces: list[bytes | Rand], size: int) -> None:
    content = lay_out(pieces, 1)
    cuts = [content.cut(at, min(at + size, len(content.data))) for at in range(0, len(content.data), size)]
    assert b"".join(cut.data for cut in cuts) == content.data
    covered: dict[int, list[int]] = {}
    for cut in cuts:
        for part in cut.parts:
            covered.setdefault(part.key, []).extend(range(part.skip, part.skip + part.length))
    expected: dict[int, list[int]] = {}
    for part in content.parts:
        expected.setdefault(part.key, []).extend(range(part.skip, part.skip + part.length))
    assert covered == expected


def test_keys_tie_parts_together_and_others_stay_apart() -> None:
    first = lay_out([Rand(3, key="a"), Rand(3), Rand(3)], 1)
    second = lay_out([Rand(3, key="a"), Rand(3)], 2)
    assert first.parts[0].key == second.parts[0].key
    assert len({part.key for part in (*first.parts, *second.parts)}) == 3
    assert isinstance(first.parts[0], Part)


def test_neighbours_without_a_key_are_pieces_of_one_value() -> None:
    far = bytes(NEAR + 1)
    parts = lay_out([b"ab", Rand(3), b"c", Rand(4), Rand(1), Rand(2, "hex"), far, Rand(5, "hex")], 1).parts
    assert [part.skip for part in parts] == [0, 4, 8, 0, 0]
    assert [part.key == parts[0].key for part in parts] == [True, True, True, False, False]
    assert parts[3].key != parts[4].key


def test_joining_keeps_the_order() -> None:
    rand = Rand(2)
    assert join(b"a", [b"b", rand], rand) == [b"a", b"b", rand, rand]
