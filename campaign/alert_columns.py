"""Many alerts at once, field by field: each distinct value of a field is read once, by ``campaign.alert_record``.

So what comes out is what the readers make of the same records one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeVar

import numpy as np

from campaign.alert_record import Kind, address_or_none, port, protocol, text
from campaign.alert_table import I32, I64, UNREAD, Alerts, packed
from contract.addresses import Bytes2D

Values = Sequence[object]
T = TypeVar("T")
_PLAIN: Final = frozenset((str, int, type(None)))  # no two of these are equal and differ in type


class Ends(NamedTuple):
    """Both addresses ``(n, 16)``, both ports and the protocol, as of ``campaign.alert_table.Alerts``."""

    src: Bytes2D
    dst: Bytes2D
    src_port: I32
    dst_port: I32
    protocol: I32


def each(values: Values, read: Callable[[object], T]) -> list[T]:
    """What ``read`` makes of each value; where they can be told apart, it is asked once for each that differs."""
    if set(map(type, values)) <= _PLAIN:
        known = {value: read(value) for value in set(values)}
        return [known[value] for value in values]
    return [read(value) for value in values]


def ends_of(src: Values, dst: Values, src_port: Values, dst_port: Values, number: Values) -> Ends:
    """The columns of both ends, from their words. Raises ``BadLineError``."""
    return Ends(
        packed(each(src, address_or_none)),
        packed(each(dst, address_or_none)),
        np.array(each(src_port, port), np.int32),
        np.array(each(dst_port, port), np.int32),
        np.array(each(number, protocol), np.int32),
    )


def table_of(where: Sequence[int], time: I64, said: Sequence[Values], ends: Ends, community: Values) -> Alerts:
    """Alerts of lines ``where``; ``said`` holds a column for each field of ``Kind``, in its order."""
    kinds: dict[tuple[str, ...], int] = {}
    texts = [each(values, text) for values in said]
    code = [kinds.setdefault(one, len(kinds)) for one in zip(*texts, strict=True)]
    return Alerts(
        time,
        np.full(len(where), UNREAD, np.int64),
        *ends,
        np.array(code, np.int32),
        np.zeros(len(where), np.int32),
        np.array(where, np.int64),
        np.array([text(one) for one in community], object),
        tuple(Kind(*one) for one in kinds),
    )
