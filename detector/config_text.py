"""The configuration for people: the commented default file, and the tables of the documentation."""

from __future__ import annotations

import json
import textwrap
from typing import Any, Final

from contract.config_key import Key, Table
from detector.config_keys import KINDS, TABLES, bounds
from detector.config_values import attacks
from detector.policy import Policy
from store.outputs.registry import kinds, table_of

_WIDE: Final = 100
_HEAD: Final = """\
Configuration of Tenfold's detector. Every key is optional; what stands behind # is the default, or an example.
Check it with `tenfold config check FILE`; use it with --config FILE, or name it in TENFOLD_CONFIG.
A service that runs reads it again on SIGHUP."""


def default_text() -> str:
    """The commented file that ``tenfold config init`` writes: as it stands, it changes nothing."""
    parts = [_comment(_HEAD)]
    for table in (*TABLES, *map(table_of, kinds())):
        if table.by_family:
            parts.append(_families(table))
        elif table.many:
            lines = [f"# [[{table.name}]]"]
            for key in table.keys:
                says = f"{key.says} {_choices(key)}".strip()
                lines += [f"{_line(key)}  # {says}" if says else _line(key)]
            parts.append("\n".join([_comment(table.says), *lines]))
        else:
            lines = [f"[{table.name}]"]
            for key in table.keys:
                lines += [_comment(key.says), _line(key)]
            parts.append("\n".join([_comment(table.says), *lines]))
    return "\n\n".join(parts) + "\n"


def _families(table: Table) -> str:
    """The bars that hold now, and how to change one."""
    rows = [f"{'family':<26}{'evidence':>9}{'flows':>7}{'half_life_s':>13}{'quiet_s':>9}"]
    for family in attacks():
        bar = Policy().bar(family)
        rows.append(f"{family:<26}{bar.evidence:>9g}{bar.flows:>7}{bar.half_life_s:>13g}{bar.quiet_s:>9g}")
    lines = [_comment(table.says), *(f"#   {row}" for row in rows), "#", "# [families.port_scan]"]
    bar = Policy().bar("port_scan")
    return "\n".join([*lines, *(_line(key, getattr(bar, key.name, None)) for key in table.keys)])


def _line(key: Key, value: Any = None) -> str:  # noqa: ANN401 - any TOML value
    """A key, commented out, with its default or an example."""
    chosen = next(one for one in (key.default, value, key.example) if one is not None)
    text = str(chosen) if key.kind == "date" else json.dumps(chosen)
    return f"# {key.name} = {text}"


def _choices(key: Key) -> str:
    """What a choice may be, where that is short."""
    words = f"({', '.join(key.choices)})"
    return words if key.choices and len(words) <= 40 else ""


def _comment(text: str) -> str:
    lines = [line for part in text.splitlines() for line in textwrap.wrap(part, _WIDE)]
    return "\n".join(f"# {line}" for line in lines)


def markdown(table: Table) -> str:
    """The keys of a table as rows for the documentation."""
    rows = ["| key | holds | default | |", "|---|---|---|---|"]
    for key in table.keys:
        holds = KINDS[key.kind] if key.kind != "choice" else ", ".join(key.choices)
        if key.kind in ("number", "whole"):
            holds += f", {bounds(key)}"
        default = "needed" if key.needed else "" if key.default is None else f"`{json.dumps(key.default)}`"
        rows.append(f"| `{key.name}` | {holds} | {default} | {key.says} |")
    return "\n".join(rows)
