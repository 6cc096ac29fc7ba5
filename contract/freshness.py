"""When a compiled kernel is still that of its sources.

Numba keeps a kernel on disk until its own file changes. A kernel holds the code of every kernel that it calls and the
constants of every module that it names, so a change there would go unnoticed: after an update the old code would run.
The stamp made here covers a module and all modules of this project that it imports, directly or not.
"""

from __future__ import annotations

import hashlib
import re
import sys
from functools import cache
from pathlib import Path
from typing import Final

_IMPORT: Final = re.compile(
    r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)|import[ \t]+([\w.]+))", re.MULTILINE
)
_NAME: Final = re.compile(r"\w+")


@cache
def stamp(module: str) -> bytes:
    """A digest (32 bytes) over the sources of a module and of what it imports from beside its top package.

    Modules outside that folder (numpy, numba) do not count: numba's version is in its own index.
    """
    digest = hashlib.sha256()
    for path in sorted(_sources(module)):
        digest.update(_digest(path))
    return digest.digest()


@cache
def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def _sources(module: str) -> set[Path]:
    """The files of a module and of all that it imports, as far as they lie in the same tree."""
    root = _root(module)
    found: set[Path] = set()
    waiting = [module]
    seen = set(waiting)
    while waiting:
        path = _file(root, waiting.pop())
        if path is None:
            continue
        found.add(path)
        more = _imports(path) - seen
        seen |= more
        waiting += more
    return found


def _root(module: str) -> Path:
    """The folder that a module's top package lies in."""
    origin = Path(str(sys.modules[module].__file__)).resolve()
    parts = module.count(".") + (origin.name == "__init__.py")
    return origin.parents[parts]


@cache
def _file(root: Path, module: str) -> Path | None:
    """The file of a module; None where it is none, or none of this tree. Every stamp asks for the same ones."""
    path = root.joinpath(*module.split("."))
    if not _is_folder(path.parent):
        return None
    for candidate in (path.with_name(path.name + ".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


@cache
def _is_folder(path: Path) -> bool:
    return path.is_dir()


@cache
def _imports(path: Path) -> frozenset[str]:
    """Names of modules that a file may import: a name imported from a package may be a module, too."""
    found: set[str] = set()
    for source, names, plain in _IMPORT.findall(path.read_text(encoding="utf-8")):
        if plain:
            found.add(plain)
        else:
            found.add(source)
            found.update(f"{source}.{name}" for name in _NAME.findall(names))
    return frozenset(found)
