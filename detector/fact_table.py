"""The catalogue of flow facts as a table for people; ``python -m detector.fact_table docs/metering.md`` renews it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import pyarrow as pa

from detector.flow_facts import CATALOGUE

BEGIN: Final = "<!-- facts: printed by python -m detector.fact_table -->"
END: Final = "<!-- end of facts -->"
_PAIR: Final = ("_fwd", "_bwd")


def markdown() -> str:
    """One row a fact; the two directions of a fact share one."""
    lines = ["| fact | type | unit | meaning | source |", "|---|---|---|---|---|"]
    names = {fact.name for fact in CATALOGUE}
    for fact in CATALOGUE:
        name, meaning = fact.name, fact.meaning
        stem = name.removesuffix(_PAIR[0])
        if stem != name and stem + _PAIR[1] in names:
            name, meaning = f"{stem}`, `{_PAIR[1]}", meaning.rpartition(", ")[0]
        elif name.endswith(_PAIR[1]) and name.removesuffix(_PAIR[1]) + _PAIR[0] in names:
            continue
        name = name.replace(f"{stem}`, `", f"{stem}{_PAIR[0]}`, `")
        lines.append(f"| `{name}` | {_type(fact.type)} | {fact.unit} | {meaning} | {fact.source} |")
    return "\n".join(lines)


def _type(kind: pa.DataType) -> str:
    return "time" if pa.types.is_timestamp(kind) else str(kind).replace("list<item: int16>", "list of int16")


def renewed(text: str) -> str:
    """A document with its table renewed. Raises ``ValueError`` where it has no place for it."""
    before, found, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not found or not end:
        raise ValueError(f"no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{markdown()}\n{END}{after}"


if __name__ == "__main__":
    document = Path(sys.argv[1])
    document.write_text(renewed(document.read_text(encoding="utf-8")), encoding="utf-8")
