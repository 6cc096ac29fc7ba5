"""Ask the processor for memory before it is needed.

A table of many flows lies outside of the caches: a frame would wait for its record for longer than all its counting
takes. Asking for the records of a hundred frames at once lets these waits overlap.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]  # it has no stubs
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


@intrinsic
def prefetch(typing_context: Any, array: Any, index: Any, offset: Any) -> Any:  # noqa: ANN401, ARG001 - numba's types
    """``prefetch(array, index, offset)``: fetch the cache line at byte ``offset`` of an element of an array.

    Of an array of more dimensions it is of ``array[index]``.
    Changes nothing that a program can see; an address beyond the array is harmless.
    """
    if not isinstance(array, types.Array) or array.ndim < 1:
        return None
    signature = types.void(array, types.intp, types.intp)

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        view = context.make_array(array)(context, builder, arguments[0])
        stride = cgutils.unpack_tuple(builder, view.strides, array.ndim)[0]
        byte = builder.bitcast(view.data, ir.IntType(8).as_pointer())
        place = builder.add(builder.mul(arguments[1], stride), arguments[2])
        address = builder.gep(byte, [place])
        number = ir.IntType(32)
        function = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(ir.VoidType(), [address.type, number, number, number]),
            "llvm.prefetch.p0",
        )
        # for writing, to be kept close, data and not code
        builder.call(function, [address, number(1), number(3), number(1)])
        return context.get_dummy_value()

    return signature, generate
