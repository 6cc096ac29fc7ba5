"""Random payload by the vector: 32 bytes a step, each byte a function of its value's key and its place in the value.

Any stretch of a value can therefore be made alone: a segment that carries the middle of it, a repetition, a fragment.
Four bytes at a time, place ``j`` of a value with the 64-bit key ``(high, low)`` is, modulo 2**32 and little-endian,
``x = low + j * 0x9E3779B9; x ^= x >> 16; x *= 0x7FEB352D; x ^= x >> 15; x ^= high; x *= 0x846CA68B; x ^= x >> 16``:
the steps of a counter mixed by multiplications (constants: Wellons, "Prospecting for hash functions", 2018). That is
cheaper than fetching prepared bytes from a pool that has left the first cache, and no two frames share a stretch.
The key must be well mixed (``wire.mix``): values of keys that differ in a few bits only can be told to be related.

For kernels only, as ``generator.memory`` is: nothing is checked.
"""

# ruff: noqa: ANN401 - neither LLVM nor numba has types for these

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]  # it has no types
from numba.core import cgutils, types
from numba.extending import intrinsic

from generator.memory import flat, place
from generator.payload import ALPHABETS

STEP: Final = 32  # bytes; what is read beside a value may be read up to so far beyond it
_LANES: Final = STEP // 4
_BYTE, _HALF, _LANE, _LONG = ir.IntType(8), ir.IntType(16), ir.IntType(32), ir.IntType(64)
_BYTES, _HALVES, _WORDS = (ir.VectorType(kind, 256 // kind.width) for kind in (_BYTE, _HALF, _LANE))
_GOLDEN: Final = 0x9E3779B9
_RUNS: Final = 5  # stretches of neighbouring characters in an alphabet, at most

Maker = Callable[..., Any]


def alphabets() -> npt.NDArray[np.uint8]:
    """How each kind spells a byte, ``(kinds, 16)``: number of characters (0: as it is), the first one, and from which
    number on how much is to be added, four times. A byte ``b`` becomes character ``b * number >> 8``.
    """
    table = np.zeros((len(ALPHABETS), 16), np.uint8)
    for row, characters in enumerate(ALPHABETS.values()):
        if not characters:
            continue
        steps = [(k, characters[k] - characters[k - 1] - 1) for k in range(1, len(characters))]
        breaks = [(k, more) for k, more in steps if more]
        if len(breaks) >= _RUNS or len(characters) > 127:
            raise ValueError("an alphabet of so many pieces cannot be spelt")
        breaks += [(127, 0)] * (_RUNS - 1 - len(breaks))
        table[row, :10] = np.array([len(characters), characters[0], *sum(breaks, ())]).astype(np.uint8)
    return table


def _splat(kind: Any, value: int | list[int]) -> Any:
    values = value if isinstance(value, list) else [value] * kind.count
    return ir.Constant(kind, values)


def _spread(builder: Any, kind: Any, value: Any) -> Any:
    """A vector with the same value everywhere."""
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, _LANE(0))
    return builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), _splat(ir.VectorType(_LANE, kind.count), 0))


def _mixed(builder: Any, counter: Any, high: Any) -> Any:
    """The noise of eight places."""
    x = counter
    x = builder.mul(builder.xor(x, builder.lshr(x, _splat(_WORDS, 16))), _splat(_WORDS, 0x7FEB352D))
    x = builder.xor(builder.xor(x, builder.lshr(x, _splat(_WORDS, 15))), high)
    x = builder.mul(x, _splat(_WORDS, 0x846CA68B))
    return builder.xor(x, builder.lshr(x, _splat(_WORDS, 16)))


def _spelt(builder: Any, x: Any, row: Any) -> Any:
    """Random bytes as characters of the alphabet that ``row`` points at."""

    def given(k: int) -> Any:
        return builder.load(builder.gep(row, [_LONG(k)]))

    halves = builder.bitcast(x, _HALVES)
    many = _spread(builder, _HALVES, builder.zext(given(0), _HALF))
    even = builder.lshr(builder.mul(builder.and_(halves, _splat(_HALVES, 0xFF)), many), _splat(_HALVES, 8))
    odd = builder.mul(builder.lshr(halves, _splat(_HALVES, 8)), many)
    numbers = builder.bitcast(builder.or_(even, builder.and_(odd, _splat(_HALVES, 0xFF00))), _BYTES)
    made = builder.add(numbers, _spread(builder, _BYTES, given(1)))
    for k in range(2, 2 * _RUNS, 2):
        beyond = builder.icmp_signed(">=", numbers, _spread(builder, _BYTES, given(k)))
        more = builder.and_(builder.sext(beyond, _BYTES), _spread(builder, _BYTES, given(k + 1)))
        made = builder.add(made, more)
    return builder.bitcast(made, _WORDS)


def _store_some(builder: Any, into: Any, held: Any, count: Any) -> None:
    """Store the first ``count`` (1 to 31) bytes of the 32 at ``held``, the middle ones twice."""

    def ends(width: int) -> None:
        kind = ir.IntType(width * 8) if width < 16 else ir.VectorType(_LONG, 2)
        for start in (_LONG(0), builder.sub(count, _LONG(width))):
            word = builder.load(builder.bitcast(builder.gep(held, [start]), kind.as_pointer()), align=1)
            builder.store(word, builder.bitcast(builder.gep(into, [start]), kind.as_pointer()), align=1)

    def choose(width: int) -> None:
        if width == 1:
            ends(1)
            return
        with builder.if_else(builder.icmp_unsigned(">=", count, _LONG(width))) as (much, less):
            with much:
                ends(width)
            with less:
                choose(width // 2)

    choose(16)


class _Run:
    """Writes the instructions for one stretch of a value."""

    def __init__(self, context: Any, builder: Any, kinds: Any, values: Any) -> None:
        def number(k: int, kind: Any = types.uint64) -> Any:
            return context.cast(builder, values[k], kinds[k], kind)

        def byte(k: int) -> Any:
            return place(context, builder, kinds[k:], values[k:], 8)

        self.builder = builder
        self.out, self.masks, self.text = byte(0), byte(7), byte(9)
        self.length, self.room, key, skip = number(2), number(3), number(4), number(5)
        kind, self.masked = number(6), builder.icmp_signed(">=", number(8, types.int64), _LONG(0))
        table = builder.bitcast(context.make_array(kinds[11])(context, builder, values[11]).data, _BYTE.as_pointer())
        self.row = builder.gep(table, [builder.mul(kind, _LONG(16))])
        self.spelt = builder.icmp_unsigned("!=", kind, _LONG(0))
        self.high = _spread(builder, _WORDS, builder.trunc(builder.lshr(key, _LONG(32)), _LANE))
        first = builder.trunc(builder.lshr(skip, _LONG(2)), _LANE)
        first = builder.add(builder.trunc(key, _LANE), builder.mul(first, _LANE(_GOLDEN)))
        self.bits = builder.trunc(builder.shl(builder.and_(skip, _LONG(3)), _LONG(3)), _LANE)
        self.between = builder.icmp_unsigned("!=", self.bits, _LANE(0))
        ahead = [k * _GOLDEN % 2**32 for k in range(_LANES)]
        self.counter, self.sum, self.x = (cgutils.alloca_once(builder, _WORDS) for _ in range(3))
        builder.store(builder.add(_spread(builder, _WORDS, first), _splat(_WORDS, ahead)), self.counter)
        builder.store(_splat(_WORDS, 0), self.sum)

    def make(self, at: Any, count: Any = None) -> Any:
        """The next 32 bytes, ``at`` bytes into the stretch; of them only ``count`` where given. Adds to the sum."""
        builder = self.builder
        counter = builder.load(self.counter)
        builder.store(_mixed(builder, counter, self.high), self.x)
        with builder.if_then(self.between):
            after = _mixed(builder, builder.add(counter, _splat(_WORDS, _GOLDEN)), self.high)
            low = builder.lshr(builder.load(self.x), _spread(builder, _WORDS, self.bits))
            high = builder.shl(after, _spread(builder, _WORDS, builder.sub(_LANE(32), self.bits)))
            builder.store(builder.or_(low, high), self.x)
        builder.store(builder.add(counter, _splat(_WORDS, _LANES * _GOLDEN % 2**32)), self.counter)
        with builder.if_then(self.spelt):
            builder.store(_spelt(builder, builder.load(self.x), self.row), self.x)
        with builder.if_then(self.masked):
            builder.store(builder.and_(builder.load(self.x), self._near(self.masks, at)), self.x)
        if count is not None:
            places = _spread(builder, _BYTES, builder.trunc(count, _BYTE))
            inside = builder.icmp_unsigned("<", _splat(_BYTES, list(range(STEP))), places)
            kept = builder.bitcast(builder.sext(inside, _BYTES), _WORDS)
            builder.store(builder.and_(builder.load(self.x), kept), self.x)
        x = builder.load(self.x)
        pair = builder.add(builder.and_(x, _splat(_WORDS, 0xFFFF)), builder.lshr(x, _splat(_WORDS, 16)))
        builder.store(builder.add(builder.load(self.sum), pair), self.sum)
        if count is not None:
            return builder.or_(x, self._near(self.text, at))
        with builder.if_then(self.masked):
            builder.store(builder.or_(x, self._near(self.text, at)), self.x)
        return builder.load(self.x)

    def _near(self, base: Any, at: Any) -> Any:
        return self.builder.load(self.builder.bitcast(self.builder.gep(base, [at]), _WORDS.as_pointer()), align=1)

    def write(self) -> Any:
        """All of it; returns the sum of its little-endian 16-bit words."""
        builder = self.builder
        held = cgutils.alloca_once(builder, _WORDS)
        with cgutils.for_range(builder, builder.lshr(self.length, _LONG(5))) as loop:
            at = builder.shl(loop.index, _LONG(5))
            x = self.make(at)
            builder.store(x, builder.bitcast(builder.gep(self.out, [at]), _WORDS.as_pointer()), align=1)
        rest = builder.and_(self.length, _LONG(STEP - 1))
        with builder.if_then(builder.icmp_unsigned("!=", rest, _LONG(0))):
            at = builder.sub(self.length, rest)
            x, into = self.make(at, rest), builder.gep(self.out, [at])
            ample = builder.icmp_unsigned(">=", builder.sub(self.room, at), _LONG(STEP))
            with builder.if_else(ample) as (much, less):
                with much:
                    builder.store(x, builder.bitcast(into, _WORDS.as_pointer()), align=1)
                with less:
                    builder.store(x, held)
                    _store_some(builder, into, builder.bitcast(held, _BYTE.as_pointer()), rest)
        total = ir.FunctionType(_LANE, [_WORDS])
        reduce = cgutils.get_or_insert_function(builder.module, total, "llvm.vector.reduce.add.v8i32")
        return builder.zext(builder.call(reduce, [builder.load(self.sum)]), _LONG)


@intrinsic
def fill(  # noqa: PLR0913, PLR0917 - what a kernel has at hand
    typing: Any,  # noqa: ARG001
    out: Any,
    at: Any,
    length: Any,
    room: Any,
    key: Any,
    skip: Any,
    kind: Any,
    masks: Any,
    mask_at: Any,
    text: Any,
    text_at: Any,
    spelling: Any,
) -> Any:
    """Write ``length`` bytes of the value ``key`` from its byte ``skip`` on to ``out[at:]``.

    Bytes become characters of ``kind`` by ``spelling`` (what ``alphabets`` gives). Where ``mask_at`` is not negative,
    only the bits set in ``masks[mask_at:]`` are random, the others are those of ``text[text_at:]``, zero under the
    mask; 32 bytes beyond may be read of both. Up to 31 bytes beyond are written with what ``text`` has there, as far
    as ``room`` (bytes from ``at`` on) allows, and none beyond. Returns what the random bytes alone add to a sum of
    16-bit words that are read little-endian, the first byte at an even place.
    """
    flat(out, masks, text, spelling)

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _Run(context, builder, signature.args, values).write()

    return types.uint64(out, at, length, room, key, skip, kind, masks, mask_at, text, text_at, spelling), build
