"""Words into and out of bytes at any place, each one machine instruction: what makes stamping and the gate fast.

For kernels only. ``data`` is a C-contiguous array, ``at`` counts its bytes, nothing is checked: the caller knows that
the word lies inside. ``get`` and ``put`` speak network byte order; ``raw`` words hold the bytes in the order of memory,
the first one lowest. All words are uint64.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final

from llvmlite import ir  # type: ignore[import-untyped]  # it has no types
from numba.core import types
from numba.core.errors import TypingError
from numba.extending import intrinsic

_WORD: Final = ir.IntType(64)
_LITTLE: Final = sys.byteorder == "little"


def place(context: Any, builder: Any, kinds: Any, values: Any, width: int) -> Any:  # noqa: ANN401 - LLVM has no types
    """A pointer to ``width`` bits at byte ``values[1]`` of array ``values[0]``."""
    data = context.make_array(kinds[0])(context, builder, values[0]).data
    at = context.cast(builder, values[1], kinds[1], types.intp)
    first = builder.bitcast(data, ir.IntType(8).as_pointer())
    kind = ir.IntType(width) if width <= 64 else ir.VectorType(_WORD, width // 64)
    return builder.bitcast(builder.gep(first, [at]), kind.as_pointer())


def flat(*arrays: Any) -> None:  # noqa: ANN401 - numba's types
    for array in arrays:
        if not (isinstance(array, types.Array) and array.layout == "C"):
            raise TypingError("words are read from and written to C-contiguous arrays")


def _reader(width: int, *, network: bool) -> Callable[..., Any]:
    def get(typing: Any, data: Any, at: Any) -> Any:  # noqa: ANN401, ARG001 - numba's types
        flat(data)

        def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
            word = builder.load(place(context, builder, signature.args, values, width))
            word.align = 1
            swapped = builder.bswap(word) if network == _LITTLE and width > 8 else word
            return builder.zext(swapped, _WORD) if width < 64 else swapped

        return types.uint64(data, at), build

    return intrinsic(get)  # type: ignore[no-any-return]  # numba has no types


def _writer(width: int, *, network: bool) -> Callable[..., None]:
    def put(typing: Any, data: Any, at: Any, value: Any) -> Any:  # noqa: ANN401, ARG001 - numba's types
        flat(data)

        def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
            word = context.cast(builder, values[2], signature.args[2], types.uint64)
            part = builder.trunc(word, ir.IntType(width)) if width < 64 else word
            swapped = builder.bswap(part) if network == _LITTLE and width > 8 else part
            builder.store(swapped, place(context, builder, signature.args, values, width), align=1)
            return context.get_dummy_value()

        return types.void(data, at, value), build

    return intrinsic(put)  # type: ignore[no-any-return]  # numba has no types


def _mover(width: int) -> Callable[..., None]:
    def move(typing: Any, out: Any, into: Any, data: Any, at: Any) -> Any:  # noqa: ANN401, ARG001 - numba's types
        flat(out, data)

        def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
            word = builder.load(place(context, builder, signature.args[2:], values[2:], width))
            word.align = 1
            builder.store(word, place(context, builder, signature.args[:2], values[:2], width), align=1)
            return context.get_dummy_value()

        return types.void(out, into, data, at), build

    return intrinsic(move)  # type: ignore[no-any-return]  # numba has no types


get8 = _reader(8, network=True)
get16 = _reader(16, network=True)
get32 = _reader(32, network=True)
get64 = _reader(64, network=True)
raw64 = _reader(64, network=False)
put8 = _writer(8, network=True)
put16 = _writer(16, network=True)
put32 = _writer(32, network=True)
put64 = _writer(64, network=True)
put_raw8 = _writer(8, network=False)
put_raw16 = _writer(16, network=False)
put_raw32 = _writer(32, network=False)
put_raw64 = _writer(64, network=False)
move8 = _mover(64)
move16 = _mover(128)
move32 = _mover(256)


@intrinsic
def prefetch(typing: Any, data: Any, at: Any) -> Any:  # noqa: ANN401, ARG001 - numba's types
    """Ask for the cache line of byte ``at`` ahead of its use."""
    flat(data)

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        where = builder.bitcast(place(context, builder, signature.args, values, 8), ir.IntType(8).as_pointer())
        whole = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [where.type, whole, whole, whole])
        ask = builder.module.declare_intrinsic("llvm.prefetch", [where.type], kind)
        builder.call(ask, [where, whole(0), whole(3), whole(1)])  # to read, to keep, data
        return context.get_dummy_value()

    return types.void(data, at), build


@intrinsic
def in_network_order(typing: Any, value: Any) -> Any:  # noqa: ANN401, ARG001 - numba's types
    """A raw word as the number that its bytes are in network order."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        word = context.cast(builder, values[0], signature.args[0], types.uint64)
        return builder.bswap(word) if _LITTLE else word

    return types.uint64(value), build
