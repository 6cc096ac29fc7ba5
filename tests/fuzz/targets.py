"""Every fuzz target by name, with the corpus and the crashes that are kept of it.

``corpus/NAME.zip`` holds inputs that once reached something new, ``crashes/NAME/`` each that ever broke a promise.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

from tests.fuzz import files, frames, lines, requests
from tests.fuzz.target import Target

HERE = Path(__file__).parent
CORPUS, CRASHES = HERE / "corpus", HERE / "crashes"
TARGETS: dict[str, Target] = frames.TARGETS | files.TARGETS | lines.TARGETS | requests.TARGETS
_EPOCH = (1980, 1, 1, 0, 0, 0)


def corpus(name: str) -> list[bytes]:
    """What is kept of a target, in the order in which it was packed."""
    path = CORPUS / f"{name}.zip"
    if not path.exists():
        return []
    with zipfile.ZipFile(path) as archive:
        return [archive.read(member) for member in archive.namelist()]


def pack(name: str, inputs: Iterable[bytes]) -> Path:
    """Keep these inputs of a target, and no others; the same inputs give the same file."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for number, data in enumerate(sorted(set(inputs), key=lambda data: (len(data), data))):
            member = zipfile.ZipInfo(f"{number:04d}", _EPOCH)
            archive.writestr(member, data, zipfile.ZIP_DEFLATED, 9)
    CORPUS.mkdir(exist_ok=True)
    path = CORPUS / f"{name}.zip"
    path.write_bytes(sink.getvalue())
    return path


def crashes(name: str) -> dict[str, bytes]:
    """Every input that ever broke a promise, by what it is called."""
    return {path.name: path.read_bytes() for path in sorted((CRASHES / name).glob("*"))}
