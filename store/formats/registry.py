"""The formats by name: each file of this folder that defines ``FORMAT``."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import Final

from contract.errors import InputError
from store.formats.base import Format

_NOT_FORMATS: Final = {"__init__", "base", "columns", "registry", "tables", "words"}


@cache
def formats() -> dict[str, Format]:
    """Every format by its name."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _NOT_FORMATS)
    found = [importlib.import_module(f"store.formats.{name}").FORMAT for name in names]
    return {form.name: form for form in found}


def format_of(name: str) -> Format:
    """The format of that name. Raises ``InputError``."""
    try:
        return formats()[name]
    except KeyError:
        raise InputError(f"no format is called {name!r}; there are {', '.join(formats())}") from None
