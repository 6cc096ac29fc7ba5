"""Thirty-two bytes at a time in vector registers: what ``generator.noise`` and ``generator.strokes`` are written with.

These write LLVM's instructions; none is called by anybody else. A step is eight lanes of four bytes.
"""

# ruff: noqa: ANN401 - neither LLVM nor numba has types for these

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]  # it has no types
from numba.core import cgutils

from generator.payload import ALPHABETS

STEP: Final = 32  # bytes
LANE: Final = 4  # bytes that are made of one number
LANES: Final = STEP // LANE
GOLDEN: Final = 0x9E3779B9
BYTE, HALF, WORD, LONG = ir.IntType(8), ir.IntType(16), ir.IntType(32), ir.IntType(64)
BYTES, HALVES, WORDS = (ir.VectorType(kind, STEP * 8 // kind.width) for kind in (BYTE, HALF, WORD))
_RUNS: Final = 5  # stretches of neighbouring characters in an alphabet, at most
_ROWS: Final = 2 + 2 * (_RUNS - 1)

Spell = Callable[[Any], Any]


def alphabets() -> npt.NDArray[np.uint8]:
    """How each kind spells a byte, ``(kinds, 10, 32)``, each row for all places of a step.

    Row 0 has the number of characters in each 16-bit word, row 1 the first one, and the others, four times, from which
    number on how much is to be added. A byte ``b`` becomes character ``b * number >> 8``.
    """
    table = np.zeros((len(ALPHABETS), _ROWS, STEP), np.uint8)
    for row, characters in enumerate(ALPHABETS.values()):
        if not characters:
            continue
        steps = [(k, characters[k] - characters[k - 1] - 1) for k in range(1, len(characters))]
        breaks = [(k, more) for k, more in steps if more]
        if len(breaks) >= _RUNS or len(characters) > 127:
            raise ValueError("an alphabet of so many pieces cannot be spelt")
        breaks += [(127, 0)] * (_RUNS - 1 - len(breaks))
        table[row, 0, ::2] = len(characters)
        rest = np.array([characters[0], *sum(breaks, ())]).astype(np.uint8)
        table[row, 1:] = rest[:, np.newaxis]
    return table


def splat(kind: Any, value: int | list[int]) -> Any:
    """A constant vector, the same everywhere or of these values."""
    values = value if isinstance(value, list) else [value] * kind.count
    return ir.Constant(kind, values)


def spread(builder: Any, kind: Any, value: Any) -> Any:
    """A vector with the same value everywhere."""
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, WORD(0))
    return builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), splat(ir.VectorType(WORD, kind.count), 0))


def words(builder: Any, where: Any) -> Any:
    """The step that stands there."""
    return builder.load(builder.bitcast(where, WORDS.as_pointer()), align=1)


def put(builder: Any, step: Any, where: Any) -> None:
    """Write a step."""
    builder.store(step, builder.bitcast(where, WORDS.as_pointer()), align=1)


def begin(builder: Any, key: Any, skip: Any) -> tuple[Any, Any]:
    """The counters of a value's eight lanes from byte ``skip`` on, and the upper half of its key."""
    high = spread(builder, WORDS, builder.trunc(builder.lshr(key, LONG(32)), WORD))
    first = builder.trunc(builder.lshr(skip, LONG(2)), WORD)
    first = builder.add(builder.trunc(key, WORD), builder.mul(first, WORD(GOLDEN)))
    ahead = [k * GOLDEN % 2**32 for k in range(LANES)]
    return builder.add(spread(builder, WORDS, first), splat(WORDS, ahead)), high


def following(builder: Any, counter: Any) -> Any:
    """The counters of the next step."""
    return builder.add(counter, splat(WORDS, LANES * GOLDEN % 2**32))


def mixed(builder: Any, counter: Any, high: Any) -> Any:
    """The noise of eight lanes."""
    x = counter
    x = builder.mul(builder.xor(x, builder.lshr(x, splat(WORDS, 16))), splat(WORDS, 0x7FEB352D))
    x = builder.xor(builder.xor(x, builder.lshr(x, splat(WORDS, 15))), high)
    x = builder.mul(x, splat(WORDS, 0x846CA68B))
    return builder.xor(x, builder.lshr(x, splat(WORDS, 16)))


def speller(builder: Any, row: Any) -> Spell:
    """How random bytes become characters of the alphabet that ``row`` (of ``alphabets``) points at."""

    def given(k: int, kind: Any = BYTES) -> Any:
        return builder.bitcast(words(builder, builder.gep(row, [LONG(k * STEP)])), kind)

    def more(numbers: Any, k: int) -> Any:
        below = builder.sext(builder.icmp_signed(">", given(k), numbers), BYTES)
        return builder.and_(builder.not_(below), given(k + 1))

    second = builder.load(builder.gep(row, [LONG(4 * STEP)]))
    several = builder.icmp_unsigned("!=", second, BYTE(127))  # of more than two stretches

    def spell(x: Any) -> Any:
        halves, many = builder.bitcast(x, HALVES), given(0, HALVES)
        even = builder.lshr(builder.mul(builder.and_(halves, splat(HALVES, 0xFF)), many), splat(HALVES, 8))
        odd = builder.mul(builder.lshr(halves, splat(HALVES, 8)), many)
        numbers = builder.bitcast(builder.or_(even, builder.and_(odd, splat(HALVES, 0xFF00))), BYTES)
        made = builder.add(builder.add(numbers, given(1)), more(numbers, 2))
        held = cgutils.alloca_once_value(builder, made)
        builder.store(made, held)
        with builder.if_then(several):
            for k in range(4, _ROWS, 2):
                made = builder.add(made, more(numbers, k))
            builder.store(made, held)
        return builder.bitcast(builder.load(held), WORDS)

    return spell


def inside(builder: Any, count: Any) -> Any:
    """Ones in the first ``count`` bytes of a step."""
    few = builder.select(builder.icmp_unsigned("<", count, LONG(STEP)), count, LONG(STEP))
    places = spread(builder, BYTES, builder.trunc(few, BYTE))
    within = builder.icmp_signed(">", places, splat(BYTES, list(range(STEP))))
    return builder.bitcast(builder.sext(within, BYTES), WORDS)


def pairs(builder: Any, x: Any) -> Any:
    """Of each lane the sum of its two 16-bit words."""
    return builder.add(builder.and_(x, splat(WORDS, 0xFFFF)), builder.lshr(x, splat(WORDS, 16)))


def total(builder: Any, sums: Any) -> Any:
    """The sum of all lanes, in 64 bits."""
    kind = ir.FunctionType(WORD, [WORDS])
    reduce = cgutils.get_or_insert_function(builder.module, kind, "llvm.vector.reduce.add.v8i32")
    return builder.zext(builder.call(reduce, [sums]), LONG)
