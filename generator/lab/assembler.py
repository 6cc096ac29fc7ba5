"""A small assembler for BPF: instructions in Python's words, labels for jumps, bytes out.

Only what the programs of ``generator.lab.xdp`` need. Encoding: RFC 9669.
"""

from __future__ import annotations

import struct
from typing import Final, Literal

_INSTRUCTION: Final = struct.Struct("<BBhi")
R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 = range(11)
Size = Literal[1, 2, 4, 8]
_SIZES: Final = {1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18}
_ARITHMETIC: Final = {"+=": 0x00, "-=": 0x10, "&=": 0x50, "<<=": 0x60, "=": 0xB0}
_JUMPS: Final = {"==": 0x10, ">": 0x20, ">=": 0x30, "!=": 0x50, "<": 0xA0, "<=": 0xB0}  # without sign
_ALU64, _JMP, _LDX, _STX, _LD_IMM64 = 0x07, 0x05, 0x61, 0x63, 0x18
_REGISTER: Final = 0x08  # the second operand is a register, not a number
_MAP, _MAP_VALUE = 1, 2  # what the 64-bit constant stands for


class Assembler:
    """Collects instructions. Every method returns ``self``; jumps name labels that ``label`` sets, before or after."""

    def __init__(self) -> None:
        self._code: list[tuple[int, int, int, int, int]] = []  # opcode, target, source, offset, constant
        self._labels: dict[str, int] = {}
        self._jumps: list[tuple[int, str]] = []

    def label(self, name: str) -> Assembler:
        """The next instruction is what jumps to ``name`` reach."""
        if name in self._labels:
            raise ValueError(f"label {name!r} stands twice")
        self._labels[name] = len(self._code)
        return self

    def set(self, target: int, operation: str, number: int) -> Assembler:
        """``target operation number``: ``=``, ``+=``, ``-=``, ``&=``, ``<<=`` on 64 bits; the number is signed."""
        return self._add(_ALU64 | _ARITHMETIC[operation], target, 0, 0, number)

    def set_to(self, target: int, operation: str, source: int) -> Assembler:
        """``target operation source``, both registers."""
        return self._add(_ALU64 | _REGISTER | _ARITHMETIC[operation], target, source, 0, 0)

    def load(self, target: int, size: Size, base: int, offset: int) -> Assembler:
        """``target`` = the ``size`` bytes at ``base + offset``."""
        return self._add(_LDX | _SIZES[size], target, base, offset, 0)

    def store(self, size: Size, base: int, offset: int, source: int) -> Assembler:
        """The ``size`` bytes at ``base + offset`` = ``source``."""
        return self._add(_STX | _SIZES[size], base, source, offset, 0)

    def value_of(self, target: int, map_fd: int) -> Assembler:
        """``target`` = pointer to the one value of an array map with one entry."""
        self._add(_LD_IMM64, target, _MAP_VALUE, 0, map_fd)
        return self._add(0, 0, 0, 0, 0)

    def call(self, helper: int) -> Assembler:
        """Call a helper of the kernel: R1 to R5 are its arguments and are lost, R0 is what it returns."""
        return self._add(_JMP | 0x80, 0, 0, 0, helper)

    def jump(self, label: str) -> Assembler:
        """Always."""
        return self._jump(_JMP, 0, 0, 0, label)

    def jump_if(self, left: int, comparison: str, number: int, label: str) -> Assembler:
        """Compared without sign."""
        return self._jump(_JMP | _JUMPS[comparison], left, 0, number, label)

    def jump_if_register(self, left: int, comparison: str, right: int, label: str) -> Assembler:
        """Compared without sign, both registers."""
        return self._jump(_JMP | _REGISTER | _JUMPS[comparison], left, right, 0, label)

    def leave(self) -> Assembler:
        """End the program with R0."""
        return self._add(_JMP | 0x90, 0, 0, 0, 0)

    def assemble(self) -> bytes:
        """The program. Raises ``ValueError`` for a label that stands nowhere."""
        code = list(self._code)
        for at, label in self._jumps:
            if label not in self._labels:
                raise ValueError(f"label {label!r} stands nowhere")
            opcode, target, source, _, number = code[at]
            code[at] = (opcode, target, source, self._labels[label] - at - 1, number)
        return b"".join(
            _INSTRUCTION.pack(opcode, source << 4 | target, offset, number)
            for opcode, target, source, offset, number in code
        )

    def _add(self, opcode: int, target: int, source: int, offset: int, number: int) -> Assembler:
        self._code.append((opcode, target, source, offset, number))
        return self

    def _jump(self, opcode: int, target: int, source: int, number: int, label: str) -> Assembler:
        self._jumps.append((len(self._code), label))
        return self._add(opcode, target, source, 0, number)
