"""The version of the installed project."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Final


def _installed() -> str:
    try:
        return version("tenfold")
    except PackageNotFoundError:  # run from a source tree that is not installed
        return "0+source"


VERSION: Final = _installed()
