"""The families that the generator makes: a scan of ``attacks/`` and ``benign/``, one module each."""

from __future__ import annotations

import ast
import importlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from contract.errors import InputError
from contract.families import Family

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from generator.conversation import Conversation
    from generator.world import Attempts, World


class FamilyModule(Protocol):
    """What a file in ``generator/attacks`` or ``generator/benign`` defines."""

    FAMILY: Family

    def conversations(self, world: World) -> list[Conversation]:
        """The template conversations of this campaign: 8 to 64 variants drawn with ``world.rng``."""

    def attempts(self, intended: npt.NDArray[np.int64], world: World) -> Attempts:
        """Who talks to whom, for all attempts of the campaign. ``intended`` is sorted epoch nanoseconds ``(n,)``."""


@cache
def names() -> dict[str, str]:
    """Module name by family id, for every family file; nothing is imported."""
    root = Path(__file__).parent
    found = {}
    for folder in ("attacks", "benign"):
        for path in sorted((root / folder).glob("[a-z]*.py")):
            found[path.stem] = f"generator.{folder}.{path.stem}"
    return found


def family(name: str) -> FamilyModule:
    """The module of one family. Raises ``InputError`` where the generator makes no such family."""
    try:
        module = names()[name]
    except KeyError:
        raise InputError(f"the generator makes no family {name!r}; it makes {', '.join(names())}") from None
    return cast("FamilyModule", importlib.import_module(module))


def documentation(name: str) -> str:
    """What the family's file says of it: what varies, within which ranges, and its parameters. Imports nothing."""
    known = names()
    if name not in known:
        raise InputError(f"the generator makes no family {name!r}; it makes {', '.join(known)}")
    path = Path(__file__).parent / known[name].split(".")[1] / f"{name}.py"
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def families() -> dict[str, FamilyModule]:
    """Every family module by id (imports them all, scapy included)."""
    return {name: family(name) for name in names()}
