"""Against encodings written out by hand from RFC 9669."""

from __future__ import annotations

import pytest

from generator.lab.assembler import R0, R1, R2, R6, R7, R10, Assembler


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (Assembler().set(R0, "=", 2), "b7 00 0000 02000000"),
        (Assembler().set(R2, "-=", -1), "17 02 0000 ffffffff"),
        (Assembler().set(R2, "&=", 0xFFFF), "57 02 0000 ffff0000"),
        (Assembler().set(R1, "<<=", 4), "67 01 0000 04000000"),
        (Assembler().set_to(R6, "=", R1), "bf 16 0000 00000000"),
        (Assembler().set_to(R1, "+=", R7), "0f 71 0000 00000000"),
        (Assembler().load(R2, 4, R7, 12), "61 72 0c00 00000000"),
        (Assembler().load(R1, 8, R10, -8), "79 a1 f8ff 00000000"),
        (Assembler().store(8, R10, -16, R2), "7b 2a f0ff 00000000"),
        (Assembler().store(1, R1, 3, R0), "73 01 0300 00000000"),
        (Assembler().value_of(R7, 5), "18 27 0000 05000000 00 00 0000 00000000"),
        (Assembler().call(23), "85 00 0000 17000000"),
        (Assembler().leave(), "95 00 0000 00000000"),
    ],
)
def test_one_instruction(code: Assembler, expected: str) -> None:
    assert code.assemble() == bytes.fromhex(expected.replace(" ", ""))


def test_jumps_count_instructions_from_the_next_one() -> None:
    code = Assembler().label("again").set(R0, "=", 0)
    code.jump_if(R0, "<", 7, "end").jump_if_register(R0, ">=", R1, "again").value_of(R7, 1).jump("again")
    words = code.label("end").leave().assemble()
    assert words[8:16] == bytes.fromhex("a500040007000000")
    assert words[16:24] == bytes.fromhex("3d10fdff00000000")
    assert words[40:48] == bytes.fromhex("0500faff00000000")


def test_labels_stand_once_and_somewhere() -> None:
    with pytest.raises(ValueError, match="twice"):
        Assembler().label("a").label("a")
    with pytest.raises(ValueError, match="nowhere"):
        Assembler().jump("a").assemble()
