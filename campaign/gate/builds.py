"""The two builds of a comparison: trees of this program, each with the interpreter that runs it.

A base revision is checked out into a worktree of its own. Where its lock file is the candidate's, the same environment
runs it; else it gets one. Compiled kernels are copied over: each carries a stamp of its sources
(``contract.freshness``), so that of what differs, nothing old is run.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from campaign.gate.machine import LOCK, lock_hash
from contract.errors import InputError, LackingError

ROOT: Final = Path(__file__).parents[2]
_SERVICE: Final = Path("detector", "service.py")
_KERNELS: Final = ("*.nbi", "*.nbc")
_GIT_S: Final = 120.0
_INSTALL_S: Final = 1800.0
Told = Callable[[str], None]


@dataclass(frozen=True)
class Build:
    """One build: what it is called, its tree, its interpreter, and the revision, '' where that is not known."""

    name: str
    tree: Path
    python: str = sys.executable
    revision: str = ""

    def as_dict(self) -> dict[str, str]:
        """As a JSON object; no path of the machine in it."""
        return {"name": self.name, "revision": self.revision, "lock": lock_hash(self.tree)}


def at_path(name: str, tree: Path, python: str = sys.executable) -> Build:
    """The build in a folder. Raises ``InputError`` where it holds no detector."""
    tree = tree.absolute()
    if not (tree / _SERVICE).is_file():
        raise InputError(f"{tree}: no build of Tenfold: it holds no {_SERVICE}")
    return Build(name, tree, python, revision_of(tree))


def revision_of(tree: Path) -> str:
    """The commit that a tree is checked out at, with ``+`` where files differ from it; '' where it is no checkout."""
    if not (tree / ".git").exists():
        return ""
    head = _git(tree, "rev-parse", "HEAD")
    changed = _git(tree, "status", "--porcelain", "--untracked-files=no")
    return f"{head.strip()}{'+' if changed.strip() else ''}"


@contextlib.contextmanager
def of_revision(revision: str, work: Path, told: Told, tree: Path = ROOT) -> Iterator[Build]:
    """A revision of the repository in ``tree``, checked out under ``work`` while the block lasts.

    Raises ``InputError`` where there is no such revision, ``LackingError`` without git, and where the packages of its
    lock file cannot be installed.
    """
    if not (tree / ".git").exists():
        raise InputError(f"{tree}: no git checkout, so there is no revision {revision!r}; compare with --base-path DIR")
    try:
        commit = _git(tree, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()
    except InputError:
        raise InputError(
            f"no revision {revision!r} here; fetch it first (in a shallow clone: git fetch --depth 1 origin {revision})"
        ) from None
    folder = work.absolute() / f"base-{commit[:12]}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _git(tree, "worktree", "prune")
    _git(tree, "worktree", "add", "--detach", "--force", str(folder), commit)
    try:
        build = at_path("base", folder, sys.executable)
        share_kernels(tree, folder)
        yield Build("base", build.tree, _python_for(folder, tree, work, told), commit)
    finally:
        _git(tree, "worktree", "remove", "--force", str(folder))


def share_kernels(source: Path, target: Path) -> int:
    """Copy compiled kernels from one tree to another that has none; how many files."""
    copied = 0
    for cache in sorted(source.glob("*/**/__pycache__")):
        inside = cache.relative_to(source)
        if inside.parts[0].startswith(".") or not (target / inside).parent.is_dir() or target in cache.parents:
            continue
        for path in (found for pattern in _KERNELS for found in cache.glob(pattern)):
            (target / inside).mkdir(exist_ok=True)
            if not (target / inside / path.name).exists():
                shutil.copy2(path, target / inside / path.name)
                copied += 1
    return copied


def _python_for(folder: Path, tree: Path, work: Path, told: Told) -> str:
    """Our own interpreter where both lock files are equal, else that of a new environment with the base's packages."""
    if lock_hash(folder) == lock_hash(tree):
        return sys.executable
    environment = work.absolute() / f"venv-{lock_hash(folder)}"
    python = environment / "bin" / "python"
    if python.is_file():
        return str(python)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    told(f"the base's {LOCK} differs: installing its packages into an environment of its own")
    for command in (
        [sys.executable, "-m", "venv", "--without-pip", str(environment)],
        [*pip, "--python", str(python), "install", "--quiet", "-r", str(folder / LOCK)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_INSTALL_S)  # noqa: S603 - our own arguments
        if done.returncode:
            shutil.rmtree(environment, ignore_errors=True)
            last = (done.stderr.strip().splitlines() or ["no word"])[-1]
            raise LackingError(f"the packages of the base's {LOCK} cannot be installed: {last}")
    return str(python)


def _git(tree: Path, *arguments: str) -> str:
    """What git prints. Raises ``LackingError`` without git, ``InputError`` with its last line where it refuses."""
    program = shutil.which("git")
    if program is None:
        raise LackingError("git is not installed; compare with a second build instead: --base-path DIR")
    command = [program, "-C", str(tree), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_GIT_S)  # noqa: S603 - likewise
    if done.returncode:
        raise InputError(f"git {arguments[0]}: {(done.stderr.strip().splitlines() or ['refused'])[-1]}")
    return done.stdout
