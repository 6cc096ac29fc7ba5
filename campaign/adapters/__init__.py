"""Readers of other detectors' alerts, one file each: the file's name is what ``--format`` takes.

An adapter has ``TITLE`` (what it reads, for people), ``FILES`` (patterns of the files that it takes out of a folder)
and ``reader(settings)``, which makes a ``campaign.alert_record.Reader`` for one file. A new one is one new file here.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from campaign.alert_record import Reader, ReadSettings
from contract.errors import InputError


@dataclass(frozen=True)
class Adapter:
    """One format."""

    name: str
    title: str
    files: tuple[str, ...]
    reader: Callable[[ReadSettings], Reader]


@cache
def names() -> tuple[str, ...]:
    """Every format that can be read."""
    found = (path.stem.rstrip("_").replace("_", "-") for path in Path(__file__).parent.glob("[a-z]*.py"))
    return tuple(sorted(found))


@cache
def adapter(name: str) -> Adapter:
    """The adapter of a format. Raises ``InputError`` where there is none."""
    if name not in names():
        raise InputError(f"no format is called {name!r}: there are {', '.join(names())}")
    stem = name.replace("-", "_")
    if not (Path(__file__).parent / f"{stem}.py").is_file():
        stem += "_"  # of formats that are called like a module of Python's
    module = importlib.import_module(f"campaign.adapters.{stem}")
    return Adapter(name, module.TITLE, module.FILES, module.reader)
