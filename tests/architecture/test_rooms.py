"""The arrows between rooms, the homes of libraries, and the size of things, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ARROWS = {
    "contract": set(),
    "generator": {"contract"},
    "store": {"contract"},
    "detector": {"contract", "store"},
    "campaign": {"contract", "generator", "detector", "store"},
    "api": {"contract", "store", "campaign"},
    "cli": {"contract", "generator", "detector", "store", "campaign", "api", "loadtests"},
    "loadtests": {"contract"},
}
HOMES = {
    "scapy": {"generator"},
    "sklearn": {"detector"},
    "skops": {"detector"},
    "fastapi": {"api"},
    "uvicorn": {"api"},
    "locust": {"loadtests"},
    "typer": {"cli"},
    "jinja2": {"campaign"},
    "pyiceberg": {"store"},
    "fsspec": {"store"},
    "ray": {"campaign"},
}
MODULES = sorted(path for room in ARROWS for path in (ROOT / room).rglob("*.py"))
MOST_LINES, MOST_FUNCTION_LINES = 330, 66
# Long on purpose; a function that has become short must leave this list.
LONG: dict[tuple[str, str], str] = {}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(path: Path) -> list[ast.AST]:
    """All that is written in a module; walked once for all that is asked of it."""
    wanted = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.Global, ast.ExceptHandler)
    return [node for node in ast.walk(tree(path)) if isinstance(node, wanted)]


def imported(path: Path) -> Iterator[tuple[str, int]]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)}:{node.lineno}: relative imports hide arrows"
            yield node.module or "", node.lineno


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_follow_the_arrows(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    for module, line in imported(path):
        other = module.partition(".")[0]
        if other in ARROWS and other != room:
            assert other in ARROWS[room], f"{name(path)}:{line}: {room} may not import {other}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_libraries_stay_at_home(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    for module, line in imported(path):
        homes = HOMES.get(module.partition(".")[0])
        assert homes is None or room in homes, f"{name(path)}:{line}: {module} belongs to {homes}"


def test_only_its_engine_imports_ray() -> None:
    """It is an extra, and takes seconds to import: what needs it is started by name, as a process of its own."""
    known = [path for path in MODULES if any(module.partition(".")[0] == "ray" for module, _ in imported(path))]
    assert known
    assert {str(path.relative_to(ROOT).parent) for path in known} == {"campaign/ray_engine"}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_modules_and_functions_stay_small(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MOST_LINES, f"{name(path)} has {lines} lines: it wants to be two modules"
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or 0) - node.lineno + 1
            long = size > MOST_FUNCTION_LINES
            assert long == ((name(path), node.name) in LONG), (
                f"{name(path)}:{node.lineno}: {node.name} has {size} lines"
            )


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_global_statement_and_no_bare_except(path: Path) -> None:
    for node in nodes(path):
        assert not isinstance(node, ast.Global), f"{name(path)}:{node.lineno}: global"
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{name(path)}:{node.lineno}: bare except"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(tree(path)), f"{name(path)} has no docstring"


def has_twin(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    folder = ROOT.joinpath("tests", *parts[:-1])
    return any((folder / file).exists() for file in (f"test_{path.stem}.py", f"test_{path.stem.strip('_')}.py"))


# Families are held by the conformance suite, users of a load test by a load test: Locust changes the process it is in.
# What runs on Ray is held by one file, tests/campaign/ray_engine/test_over_ray.py: it takes seconds to start.
HELD_ELSEWHERE = (
    *("generator/attacks/", "generator/benign/", "generator/shapes/", "loadtests/users/"),
    "campaign/ray_engine/",
)


@pytest.mark.parametrize("path", [p for p in MODULES if p.stem != "__init__"], ids=name)
def test_every_module_has_its_twin(path: Path) -> None:
    assert name(path).startswith(HELD_ELSEWHERE) or has_twin(path), f"{name(path)} has no tests/.../test_{path.stem}.py"


def test_imported_packages_are_ours() -> None:
    """`api`, `store`, `cli` are common names: another distribution must not stand in front of ours."""
    import importlib

    for room in ARROWS:
        assert Path(importlib.import_module(room).__file__ or "").parent == ROOT / room


def test_words_of_the_machine_stay_out() -> None:
    """Nothing of the project names a path of the machine that it was written on."""
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        for word in ("/work/", "/root/", "/home/"):
            assert word not in text, f"{name(path)} names {word}"
