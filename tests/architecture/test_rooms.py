"""The arrows between rooms, the homes of libraries, and the size of things, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

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


def test_imports_follow_the_arrows() -> None:
    against = []
    for path in MODULES:
        room = path.relative_to(ROOT).parts[0]
        for module, line in imported(path):
            other = module.partition(".")[0]
            if other in ARROWS and other not in {room, *ARROWS[room]}:
                against.append(f"{name(path)}:{line}: {room} may not import {other}")
    assert not against


def test_libraries_stay_at_home() -> None:
    abroad = []
    for path in MODULES:
        room = path.relative_to(ROOT).parts[0]
        for module, line in imported(path):
            homes = HOMES.get(module.partition(".")[0], {room})
            if room not in homes:
                abroad.append(f"{name(path)}:{line}: {module} belongs to {homes}")
    assert not abroad


def test_only_its_engine_imports_ray() -> None:
    """It is an extra, and takes seconds to import: what needs it is started by name, as a process of its own."""
    known = [path for path in MODULES if any(module.partition(".")[0] == "ray" for module, _ in imported(path))]
    assert known
    assert {str(path.relative_to(ROOT).parent) for path in known} == {"campaign/ray_engine"}


def functions(path: Path) -> Iterator[tuple[str, int, int]]:
    """Of every function of a module: its name, its first line, how many it has."""
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno, (node.end_lineno or 0) - node.lineno + 1


def test_modules_stay_small() -> None:
    lines = {name(path): path.read_text(encoding="utf-8").count("\n") for path in MODULES}
    assert not {path: count for path, count in lines.items() if count > MOST_LINES}, "these want to be two modules each"


def test_functions_stay_small() -> None:
    long = {
        (name(path), function): f"line {line}: {size} lines"
        for path in MODULES
        for function, line, size in functions(path)
        if size > MOST_FUNCTION_LINES
    }
    assert long.keys() == LONG.keys(), long


def test_no_global_statement_and_no_bare_except() -> None:
    found = [
        f"{name(path)}:{node.lineno}"
        for path in MODULES
        for node in nodes(path)
        if isinstance(node, ast.Global) or (isinstance(node, ast.ExceptHandler) and node.type is None)
    ]
    assert not found


def test_every_module_says_what_it_is_for() -> None:
    assert not [name(path) for path in MODULES if not ast.get_docstring(tree(path))]


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


def test_every_module_has_its_twin() -> None:
    """A module ``room/x.py`` has its tests in ``tests/room/test_x.py``."""
    held = [path for path in MODULES if path.stem != "__init__" and not name(path).startswith(HELD_ELSEWHERE)]
    assert held
    assert not [name(path) for path in held if not has_twin(path)]


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
