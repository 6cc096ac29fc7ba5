"""Which parameters a family takes (``params`` of its share), read from its source without importing it.

A family that lists them in a literal ``PARAMS`` (name: what it says) takes those. In any case whatever its code asks
``world.params`` for counts: by a literal name, or through a function of ``generator/shapes`` that it calls.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from generator import registry

_ROOT: Final = Path(__file__).parent.parent
_SHARED: Final = "generator.shapes"
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def accepted(family: str) -> tuple[str, ...]:
    """The names, sorted. Raises ``KeyError`` where the generator makes no such family."""
    module = registry.names()[family]
    reader = _Reader()
    tree = _tree(module)
    reader.read(tree, module)
    return tuple(sorted(reader.found | set(_declared(tree))))


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_path(module).read_text(encoding="utf-8"))


def _path(module: str) -> Path:
    base = _ROOT.joinpath(*module.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


def _declared(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and target.id == "PARAMS":
            keys = getattr(getattr(node, "value", None), "keys", [])
            yield from (key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str))


@cache
def _imports(module: str) -> dict[str, tuple[str, str]]:
    """What names of the shared modules mean in a module: the module, and the function ('' where all of it)."""
    found = {}
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_SHARED):
            for alias in node.names:
                whole = node.module == _SHARED
                meant = (f"{_SHARED}.{alias.name}", "") if whole else (str(node.module), alias.name)
                found[alias.asname or alias.name] = meant
    return found


@cache
def _functions(module: str) -> dict[str, Function]:
    return {node.name: node for node in ast.walk(_tree(module)) if isinstance(node, Function)}


@cache
def _by_name(module: str, name: str) -> frozenset[str]:
    """The names by which a function asks for parameters that its caller names."""
    asked = (one for part in ast.walk(_functions(module)[name]) for one in _asked(part))
    return frozenset(one.id for one in asked if isinstance(one, ast.Name))


class _Reader:
    """Walks through a family's code and what it calls."""

    def __init__(self) -> None:
        self.found: set[str] = set()
        self._seen: set[tuple[str, str]] = set()

    def read(self, tree: ast.AST, module: str) -> None:
        """Note every parameter that this code asks for."""
        for node in ast.walk(tree):
            self.found |= {str(name.value) for name in _asked(node) if isinstance(name, ast.Constant)}
            if isinstance(node, ast.Call):
                self._call(node, module)

    def _call(self, node: ast.Call, module: str) -> None:
        where, name = _callee(node.func, module)
        function = _functions(where).get(name) if where else None
        if function is None:
            return
        if (where, name) not in self._seen and where.startswith(_SHARED):  # its own file is read as a whole
            self._seen.add((where, name))
            self.read(function, where)
        names = [argument.arg for argument in function.args.args]
        by_name = _by_name(where, name)
        given = [*zip(names, node.args, strict=False), *((word.arg, word.value) for word in node.keywords)]
        for parameter, value in given:
            if parameter in by_name and isinstance(value, ast.Constant) and isinstance(value.value, str):
                self.found.add(value.value)


def _callee(function: ast.expr, module: str) -> tuple[str, str]:
    """The module and name of a called function, as far as it is ours; '' where not."""
    imports = _imports(module)
    if isinstance(function, ast.Name):
        return imports.get(function.id, (module, function.id))
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return imports.get(function.value.id, ("", ""))[0], function.attr
    return "", ""


def _asked(node: ast.AST) -> list[ast.expr]:
    """What a piece of code asks ``world.params`` for: the key's expression, if it does."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        return node.args[:1] if _is_params(node.func.value) else []
    if isinstance(node, ast.Subscript) and _is_params(node.value):
        return [node.slice]
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
        return [node.left] if _is_params(node.comparators[0]) else []
    return []


def _is_params(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "params"
