"""A kept kernel is used as long as nothing that it is made of has changed, and no longer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INNER = """
from contract.jit import lean_part
from kernels.numbers import FACTOR


@lean_part
def inner(x):
    return x * FACTOR + {}
"""
OUTER = """
from contract.jit import lean_kernel
from kernels import inner as other

inner = other.inner


@lean_kernel
def outer(x):
    return inner(x)
"""
CALL = "from kernels.outer import outer; print(outer(10), sum(outer.stats.cache_hits.values()))"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "kernels"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "numbers.py").write_text("FACTOR = 2\n")
    (folder / "inner.py").write_text(INNER.format(1))
    (folder / "outer.py").write_text(OUTER)
    return folder


def call(package: Path) -> tuple[int, int]:
    """What the kernel gives, and how often it was taken from the disk."""
    path = os.pathsep.join((str(package.parent), str(ROOT)))
    environment = {**os.environ, "PYTHONPATH": path, "NUMBA_CACHE_DIR": str(package.parent / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", CALL], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    value, hits = done.stdout.split()
    return int(value), int(hits)


def test_a_change_in_what_a_kernel_calls_or_names_is_noticed(package):
    assert call(package) == (21, 0)
    assert call(package) == (21, 1)
    (package / "inner.py").write_text(INNER.format(7))
    assert call(package) == (27, 0)
    (package / "numbers.py").write_text("FACTOR = 3\n")
    assert call(package) == (37, 0)
    assert call(package) == (37, 1)
