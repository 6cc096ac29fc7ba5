"""The random parts of a frame, as many as go in whole steps of 32 bytes, in one loop.

What ``generator.noise.fill`` does for any stretch is done here for the two kinds that nearly all are: those of at most
32 bytes as they are, which take one step and no question, and those without a mask, spelt or not. Both write whole
steps; what they write behind themselves is the template's text. For kernels only: nothing is checked.
"""

# ruff: noqa: ANN401 - neither LLVM nor numba has types for these

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir  # type: ignore[import-untyped]  # it has no types
from numba.core import cgutils, types
from numba.extending import intrinsic

from generator.lanes import (
    BYTE,
    LANE,
    LONG,
    STEP,
    WORD,
    WORDS,
    Spell,
    begin,
    following,
    inside,
    mixed,
    pairs,
    put,
    speller,
    splat,
    spread,
    total,
    words,
)
from generator.memory import flat
from generator.noise import ALPHABET
from generator.runs import PART

_MOST: Final = 100  # brief parts whose sums a lane holds
_MIX: Final = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1))  # as generator.wire.mix


class _Strokes:
    """Writes the instructions of ``write``."""

    def __init__(self, context: Any, builder: Any, kinds: Any, values: Any) -> None:
        def number(k: int) -> Any:
            return context.cast(builder, values[k], kinds[k], types.int64)

        def base(k: int) -> Any:
            return builder.bitcast(context.make_array(kinds[k])(context, builder, values[k]).data, BYTE.as_pointer())

        self.builder = builder
        self.out, self.body, self.limit = base(0), number(1), number(2)
        self.parts, self.first, self.end = base(3), number(4), number(5)
        self.seed, self.masks = number(6), base(7)
        self.text, self.spelling = builder.gep(base(8), [number(9)]), base(10)
        self.next = cgutils.alloca_once_value(builder, self.first)
        self.sums = cgutils.alloca_once_value(builder, splat(WORDS, 0))
        self.sum = cgutils.alloca_once_value(builder, LONG(0))
        for held, value in ((self.next, self.first), (self.sums, splat(WORDS, 0)), (self.sum, LONG(0))):
            builder.store(value, held)  # anew for each frame

    def field(self, part: Any, name: str) -> Any:
        """A field of a part, in 64 bits."""
        kind, at = PART.fields[name][:2]  # type: ignore[index]  # it has fields
        whole = ir.IntType(kind.itemsize * 8)
        found = self.builder.load(self.builder.bitcast(self.builder.gep(part, [LONG(at)]), whole.as_pointer()))
        return self.builder.sext(found, LONG) if kind.itemsize < 8 else found

    def key(self, part: Any) -> Any:
        """The key of its value."""
        builder = self.builder
        x = builder.xor(self.seed, builder.shl(self.field(part, "key"), LONG(8)))
        for shift, factor in _MIX:
            x = builder.xor(x, builder.lshr(x, LONG(shift)))
            x = builder.mul(x, LONG(factor)) if factor > 1 else x
        return x

    def write(self) -> tuple[Any, Any]:
        """All that can be; what they add to the sum, and the part that is next."""
        builder = self.builder
        head, body, done = (builder.append_basic_block(name) for name in ("strokes", "stroke", "struck"))
        most = builder.add(self.first, LONG(_MOST))
        end = builder.select(builder.icmp_signed("<", most, self.end), most, self.end)
        builder.branch(head)
        builder.position_at_end(head)
        builder.cbranch(builder.icmp_signed("<", builder.load(self.next), end), body, done)
        builder.position_at_end(body)
        part = builder.gep(self.parts, [builder.mul(builder.load(self.next), LONG(PART.itemsize))])
        at = self.field(part, "at")
        room = builder.sub(self.limit, builder.add(self.body, at))
        short, far = (builder.append_basic_block(name) for name in ("brief", "far"))
        mask = self.field(part, "brief")
        fits = builder.icmp_signed(">=", room, LONG(STEP))
        builder.cbranch(builder.and_(builder.icmp_signed(">=", mask, LONG(0)), fits), short, far)
        builder.position_at_end(short)
        self._brief(part, at, mask)
        self._advance(head)
        builder.position_at_end(far)
        self._far(part, at, room, done)
        self._advance(head)
        builder.position_at_end(done)
        return builder.add(builder.load(self.sum), total(builder, builder.load(self.sums))), builder.load(self.next)

    def _advance(self, head: Any) -> None:
        self.builder.store(self.builder.add(self.builder.load(self.next), LONG(1)), self.next)
        self.builder.branch(head)

    def _turn(self, at: Any) -> Any:
        """By how many bits a sum of little-endian words is shifted: they are turned round, or stand at an odd place."""
        return self.builder.shl(self.builder.and_(self.builder.not_(at), LONG(1)), LONG(3))

    def _places(self, at: Any) -> tuple[Any, Any]:
        return self.builder.gep(self.out, [self.builder.add(self.body, at)]), self.builder.gep(self.text, [at])

    def _brief(self, part: Any, at: Any, mask: Any) -> None:
        builder, (into, beside) = self.builder, self._places(at)
        x = mixed(builder, *begin(builder, self.key(part), self.field(part, "skip")))
        x = builder.and_(x, words(builder, builder.gep(self.masks, [mask])))
        put(builder, builder.or_(x, words(builder, beside)), into)
        turn = spread(builder, WORDS, builder.trunc(self._turn(at), WORD))
        builder.store(builder.add(builder.load(self.sums), builder.shl(pairs(builder, x), turn)), self.sums)

    def _far(self, part: Any, at: Any, room: Any, done: Any) -> None:
        """A part of several steps, or none: then it is left to others."""
        builder = self.builder
        length, skip = self.field(part, "length"), self.field(part, "skip")
        whole = builder.icmp_signed("<", self.field(part, "mask"), LONG(0))
        even = builder.icmp_unsigned("==", builder.and_(skip, LONG(LANE - 1)), LONG(0))
        fits = builder.icmp_signed(">=", room, builder.add(length, LONG(STEP)))
        can, plain, spelt, after = (builder.append_basic_block(name) for name in ("can", "plain", "spelt", "after"))
        builder.cbranch(builder.and_(builder.and_(whole, even), fits), can, done)
        builder.position_at_end(can)
        kind = self.field(part, "kind")
        counters = begin(builder, self.key(part), skip)
        builder.cbranch(builder.icmp_signed("==", kind, LONG(0)), plain, spelt)
        for block in (plain, spelt):
            builder.position_at_end(block)
            row = builder.gep(self.spelling, [builder.mul(kind, LONG(ALPHABET))])
            little = self._steps(counters, length, at, (lambda x: x) if block is plain else speller(builder, row))
            more = builder.shl(little, self._turn(at))
            builder.store(builder.add(builder.load(self.sum), more), self.sum)
            builder.branch(after)
        builder.position_at_end(after)

    def _steps(self, counters: tuple[Any, Any], length: Any, at: Any, spell: Spell) -> Any:
        """Write a stretch; the sum of its little-endian words."""
        builder, (into, beside) = self.builder, self._places(at)
        counter, sums = (cgutils.alloca_once(builder, WORDS) for _ in range(2))
        builder.store(counters[0], counter)
        builder.store(splat(WORDS, 0), sums)
        with cgutils.for_range(builder, builder.lshr(builder.add(length, LONG(STEP - 1)), LONG(5))) as loop:
            here = builder.shl(loop.index, LONG(5))
            now = builder.load(counter)
            builder.store(following(builder, now), counter)
            x = spell(mixed(builder, now, counters[1]))
            x = builder.and_(x, inside(builder, builder.sub(length, here)))
            builder.store(builder.add(builder.load(sums), pairs(builder, x)), sums)
            put(builder, builder.or_(x, words(builder, builder.gep(beside, [here]))), builder.gep(into, [here]))
        return total(builder, builder.load(sums))


@intrinsic
def strokes(  # noqa: PLR0913, PLR0917 - what a kernel has at hand
    typing: Any,  # noqa: ARG001
    out: Any,
    body: Any,
    limit: Any,
    parts: Any,
    first: Any,
    end: Any,
    seed: Any,
    masks: Any,
    text: Any,
    text_at: Any,
    spelling: Any,
) -> Any:
    """Write the random ``parts[first:end]`` (``runs.PART``) of the frame at ``out[body:]``, up to one that cannot be.

    ``seed`` is the attempt's, ``text[text_at:]`` the template's frame. Up to 31 bytes behind each part are written with
    what the template has there, none from ``limit`` on. Returns what the parts add to a sum of big-endian words, and
    the number of the first part that is left (which ``noise.fill`` can write; or ``strokes`` again).
    """
    flat(out, parts, masks, text, spelling)

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        found = _Strokes(context, builder, signature.args, values).write()
        return context.make_tuple(builder, signature.return_type, found)

    returned = types.Tuple((types.int64, types.int64))  # type: ignore[attr-defined]  # it has no types
    return returned(out, body, limit, parts, first, end, seed, masks, text, text_at, spelling), build
