"""What a fact of a flow is: a name, a unit, where it is defined, and how its column comes out of the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from detector.flowtable import FlowTable

Array = npt.NDArray[Any]
SIDES: Final = (("fwd", "from who started the flow"), ("bwd", "to who started it"))


@dataclass(frozen=True)
class Look:
    """Copies of what the table holds of some flows, row by row."""

    flows: Array  # (n,) of detector.flowtable.FLOW
    rare: Array  # (n,) of detector.rare_facts.RARE
    messages: Array  # (n,) of detector.message_row.MESSAGE
    payload: Array  # (n, 2, PAYLOAD_BYTES): first payload bytes of each direction

    @property
    def seconds(self) -> Array:
        """From the first frame to the last one, (n,) float64."""
        seconds: Array = (self.flows["last"] - self.flows["first"]) * 1e-9
        return seconds


def look_at(table: FlowTable, slots: npt.NDArray[np.int32]) -> Look:
    """What is known of the flows in these slots; they may live or have ended, and must not be released."""
    flows, first = table.flows.take(slots), table.messages.side  # an index copies records field by field
    return Look(
        flows,
        table.rare.rows[table.rare.of[slots]],
        first.rows[first.of[slots]],
        table.payload[flows["payload_row"]],
    )


class Fact(NamedTuple):
    """One column of the catalogue."""

    name: str
    type: pa.DataType
    unit: str
    source: str  # IPFIX element (RFC 7011, IANA number), another specification, or '' where Tenfold defines it
    meaning: str
    compute: Callable[[Look], Array | pa.Array]  # (n,) values


def both(
    name: str, kind: pa.DataType, unit: str, source: str, meaning: str, compute: Callable[[Look, int], Array | pa.Array]
) -> list[Fact]:
    """A fact of each direction: ``name_fwd`` and ``name_bwd`` (the reverse element of RFC 5103)."""

    def of(side: int) -> Callable[[Look], Array | pa.Array]:
        return lambda look: compute(look, side)

    return [
        Fact(f"{name}_{word}", kind, unit, source, f"{meaning}, {way}", of(side))
        for side, (word, way) in enumerate(SIDES)
    ]


def field_of(name: str) -> Callable[[Look], Array]:
    """A field of the record as it stands."""

    def compute(look: Look) -> Array:
        values: Array = look.flows[name]
        return values

    return compute


def side_of(name: str) -> Callable[[Look, int], Array]:
    """One side of a field of the record."""

    def compute(look: Look, side: int) -> Array:
        values: Array = look.flows[name][:, side]
        return values

    return compute


def ratio(above: Array, below: Array) -> Array:
    """``above / below`` as float64, 0 where ``below`` is 0."""
    quotient: Array = np.divide(above, below, out=np.zeros(len(above)), where=below > 0, casting="unsafe")
    return quotient


def deviation(total: Array, squares: Array, count: Array) -> Array:
    """Standard deviation (of the population) from a sum and a sum of squares."""
    mean = ratio(total.astype(np.float64), count)
    root: Array = np.sqrt(np.maximum(ratio(squares.astype(np.float64), count) - mean * mean, 0.0))
    return root
