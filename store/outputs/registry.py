"""The kinds of outputs by name (each file of this folder that defines ``KIND``), and the keys that all have."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from contract.config_key import Key, Table
from store.outputs.base import Kind

TABLE: Final = "outputs"
_NOT_KINDS: Final = {"__init__", "base", "follower", "pieces", "registry", "service", "state"}
_COMMON: Final = (
    Key("kind", "text", "", needed=True),
    Key("name", "text", "Its name: letters, digits, dashes; each output has its own.", needed=True, example="soc"),
    Key("what", "whats", "What is told: alerts, detections (verdicts on flows), flows.", ["alerts"]),
    Key("format", "choice", "The form of a record.", "eve", choices=("eve", "ocsf", "ndjson")),
    Key(
        "updates",
        "choice",
        "An alert is told when it is raised; and again when it has closed, or at every change.",
        "none",
        choices=("none", "closed", "all"),
    ),
    Key("families", "families", "Only these families, or all of these groups. Not given: all.", example=["dos"]),
    Key("least_severity", "severity", "Only alerts that are at least so severe.", "low"),
    Key("batch", "whole", "Records that are handed over at once, at most.", 100, 1, 10_000),
    Key("retry_first_s", "number", "Pause before the first retry; it doubles each time, with jitter.", 0.5, 0.01, 3600),
    Key("retry_most_s", "number", "The longest pause between retries.", 60.0, 0.01, 86_400),
    Key("give_up_s", "number", "A batch that was refused for so long becomes dead letters.", 3600.0, 0, 604_800),
    Key(
        "most_waiting",
        "whole",
        "Records of a kind that may wait; the oldest beyond are left out, and counted.",
        1_000_000,
        1,
        1_000_000_000,
    ),
    Key("dead_mb", "whole", "Size of the file of dead letters, at most.", 64, 1, 1 << 20),
)


@cache
def kinds() -> dict[str, Kind]:
    """Every kind by its name."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _NOT_KINDS)
    found = [importlib.import_module(f"store.outputs.{name}").KIND for name in names]
    return {kind.name: kind for kind in found}


@cache
def table_of(name: str) -> Table:
    """The keys of an output of that kind, as ``[[outputs]]`` has them."""
    kind = kinds()[name]
    common = [replace(key, default=kind.defaults.get(key.name, key.default)) for key in _COMMON
              if kind.common is None or key.name in kind.common]  # fmt: skip
    common[:2] = [replace(common[0], example=name), replace(common[1], example=f"my-{name.replace('_', '-')}")]
    return Table(TABLE, kind.says, (*common[:2], *kind.keys, *common[2:]), many=True)


def complete(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of an output with the defaults of those that are not given."""
    table = table_of(values["kind"])
    return {key.name: key.default for key in table.keys} | dict(values)
