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

from typing import Any, Final

from llvmlite import ir  # type: ignore[import-untyped]  # it has no types
from numba.core import cgutils, types
from numba.extending import intrinsic

from generator.lanes import (
    BYTE,
    BYTES,
    GOLDEN,
    LONG,
    STEP,
    WORD,
    WORDS,
    alphabets,
    begin,
    following,
    mixed,
    pairs,
    put,
    speller,
    splat,
    spread,
    total,
    words,
)
from generator.memory import flat, place

ALPHABET: Final = alphabets()[0].nbytes  # of the spelling of a kind


def _store_some(builder: Any, into: Any, held: Any, count: Any) -> None:
    """Store the first ``count`` (1 to 31) bytes of the 32 at ``held``, the middle ones twice."""

    def ends(width: int) -> None:
        kind = ir.IntType(width * 8) if width < 16 else ir.VectorType(LONG, 2)
        for start in (LONG(0), builder.sub(count, LONG(width))):
            word = builder.load(builder.bitcast(builder.gep(held, [start]), kind.as_pointer()), align=1)
            builder.store(word, builder.bitcast(builder.gep(into, [start]), kind.as_pointer()), align=1)

    def choose(width: int) -> None:
        if width == 1:
            ends(1)
            return
        with builder.if_else(builder.icmp_unsigned(">=", count, LONG(width))) as (much, less):
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
        kind, self.masked = number(6), builder.icmp_signed(">=", number(8, types.int64), LONG(0))
        table = builder.bitcast(context.make_array(kinds[11])(context, builder, values[11]).data, BYTE.as_pointer())
        self.row = builder.gep(table, [builder.mul(kind, LONG(ALPHABET))])
        self.spelt = builder.icmp_unsigned("!=", kind, LONG(0))
        counter, self.high = begin(builder, key, skip)
        self.bits = builder.trunc(builder.shl(builder.and_(skip, LONG(3)), LONG(3)), WORD)
        self.between = builder.icmp_unsigned("!=", self.bits, WORD(0))
        self.counter, self.sum, self.x = (cgutils.alloca_once(builder, WORDS) for _ in range(3))
        builder.store(counter, self.counter)
        builder.store(splat(WORDS, 0), self.sum)

    def make(self, at: Any, count: Any = None) -> Any:
        """The next 32 bytes, ``at`` bytes into the stretch; of them only ``count`` where given. Adds to the sum."""
        builder = self.builder
        counter = builder.load(self.counter)
        builder.store(mixed(builder, counter, self.high), self.x)
        with builder.if_then(self.between):
            after = mixed(builder, builder.add(counter, splat(WORDS, GOLDEN)), self.high)
            low = builder.lshr(builder.load(self.x), spread(builder, WORDS, self.bits))
            high = builder.shl(after, spread(builder, WORDS, builder.sub(WORD(32), self.bits)))
            builder.store(builder.or_(low, high), self.x)
        builder.store(following(builder, counter), self.counter)
        with builder.if_then(self.spelt):
            builder.store(speller(builder, self.row)(builder.load(self.x)), self.x)
        with builder.if_then(self.masked):
            builder.store(builder.and_(builder.load(self.x), self._near(self.masks, at)), self.x)
        if count is not None:
            places = spread(builder, BYTES, builder.trunc(count, BYTE))
            inside = builder.icmp_unsigned("<", splat(BYTES, list(range(STEP))), places)
            kept = builder.bitcast(builder.sext(inside, BYTES), WORDS)
            builder.store(builder.and_(builder.load(self.x), kept), self.x)
        x = builder.load(self.x)
        builder.store(builder.add(builder.load(self.sum), pairs(builder, x)), self.sum)
        if count is not None:
            return builder.or_(x, self._near(self.text, at))
        with builder.if_then(self.masked):
            builder.store(builder.or_(x, self._near(self.text, at)), self.x)
        return builder.load(self.x)

    def _near(self, base: Any, at: Any) -> Any:
        return words(self.builder, self.builder.gep(base, [at]))

    def write(self) -> Any:
        """All of it; returns the sum of its little-endian 16-bit words."""
        builder = self.builder
        held = cgutils.alloca_once(builder, WORDS)
        with cgutils.for_range(builder, builder.lshr(self.length, LONG(5))) as loop:
            at = builder.shl(loop.index, LONG(5))
            x = self.make(at)
            put(builder, x, builder.gep(self.out, [at]))
        rest = builder.and_(self.length, LONG(STEP - 1))
        with builder.if_then(builder.icmp_unsigned("!=", rest, LONG(0))):
            at = builder.sub(self.length, rest)
            x, into = self.make(at, rest), builder.gep(self.out, [at])
            ample = builder.icmp_unsigned(">=", builder.sub(self.room, at), LONG(STEP))
            with builder.if_else(ample) as (much, less):
                with much:
                    put(builder, x, into)
                with less:
                    builder.store(x, held)
                    _store_some(builder, into, builder.bitcast(held, BYTE.as_pointer()), rest)
        return total(builder, builder.load(self.sum))


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
