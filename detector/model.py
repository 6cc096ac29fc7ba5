"""The trained model: a classifier, the names of its classes and features, and a threshold per family.

On disk it is one skops file of plain arrays, numbers and texts (no pickle, no estimator: nothing in it can run), with a
card beside it as JSON. ``detector/models/default.skops`` ships in the package.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contract.errors import InputError, LackingError
from contract.families import BENIGN
from contract.files import read_bytes
from contract.jit import kernel
from detector import skops_file
from detector.behaviour import compiled, hidden_by_gate, speak
from detector.classifiers.base import Arrays, Classifier, Matrix, kind
from detector.features import MODEL_NAMES, NAMES

FORMAT: Final = "tenfold-model/1"
DEFAULT: Final = Path(__file__).parent / "models" / "default.skops"
_EXPLAINED: Final = 0.3  # of the likeliest family
_PLAIN: Final = 0.8  # of any attack
_MAX_BYTES: Final = 64 << 20
PROTOCOL_COLUMNS: Final = tuple(NAMES.index(name) for name in ("is_tcp", "is_udp", "is_icmp", "is_arp"))
_HINT: Final = "`tenfold train` makes one"


@dataclass(frozen=True)
class Model:
    """``families[0]`` is ``benign``; ``thresholds[i]`` is the least attack probability at which family i is said."""

    kind: str
    families: tuple[str, ...]
    features: tuple[str, ...]
    thresholds: npt.NDArray[np.float32]
    protocols: npt.NDArray[np.bool_]  # (C, 5) whether a family was ever seen with TCP, UDP, ICMP, ARP, another
    classifier: Classifier
    card: dict[str, Any] = field(default_factory=dict)

    def classify(self, matrix: Matrix) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.float32]]:
        """A verdict for each row of ``(n, F)`` float32 features.

        It is what ``verdicts`` says of ``probabilities``; the families of rows that nothing speaks against are not
        worked out for that.
        Returns codes ``(n,)`` into ``families`` and scores ``(n,)``: of an attack the probability that the row is an
        attack at all, of ``benign`` that it is none.
        """
        if len(matrix) == 0:
            return np.zeros(0, np.int16), np.zeros(0, np.float32)
        found = self.classifier.probabilities(matrix, self._least)
        hidden = hidden_by_gate(compiled(self.families), matrix, found, self._least)
        if len(hidden):
            found[hidden] = self.classifier.probabilities(matrix[hidden])
        restrict(found, matrix, self.protocols)
        return verdicts(found, matrix, self.thresholds, self.families)

    @property
    def _least(self) -> float:
        """No family is said below this probability of an attack."""
        return float(self.thresholds[1:].min(initial=np.inf))

    def probabilities(self, matrix: Matrix) -> Matrix:
        """``(n, C)`` probabilities of the families."""
        found = self.classifier.probabilities(matrix)
        restrict(found, matrix, self.protocols)
        return found


def verdicts(
    probabilities: Matrix, matrix: Matrix, thresholds: npt.NDArray[np.float32], families: tuple[str, ...]
) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.float32]]:
    """Codes and scores of rows: the model's word, held against what is known (``detector.behaviour``)."""
    codes, scores = decide(probabilities, thresholds)
    speak(compiled(families), np.ascontiguousarray(matrix), probabilities, codes, scores)
    return codes, scores


@kernel
def decide(
    probabilities: Matrix, thresholds: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.float32]]:
    """The likeliest attack family where the probability of any attack reaches its threshold, else benign (0).

    A probability that is spread over many families, none of which explains the row, is doubt about what is ordinary
    rather than an attack: unless it is high, no family is said.
    """
    rows, classes = probabilities.shape
    codes = np.zeros(rows, np.int16)
    scores = np.zeros(rows, np.float32)
    for row in range(rows):
        best = 0
        for c in range(1, classes):
            if best == 0 or probabilities[row, c] > probabilities[row, best]:
                best = c
        attack = np.float32(1.0) - probabilities[row, 0]
        explained = best > 0 and (probabilities[row, best] >= _EXPLAINED or attack >= _PLAIN)
        if explained and attack >= thresholds[best]:
            codes[row] = best
            scores[row] = attack
        else:
            scores[row] = probabilities[row, 0]
    return codes, scores


@kernel
def restrict(probabilities: Matrix, matrix: Matrix, protocols: npt.NDArray[np.bool_]) -> None:
    """Take families out that were never seen with a row's protocol, in place; the others share what those had.

    An attack stays as probable as it was: a datagram is then no SYN flood, but a flood still.
    """
    for row in range(len(matrix)):
        protocol = 4
        for column in range(4):
            if matrix[row, PROTOCOL_COLUMNS[column]] > 0.5:
                protocol = column
        attack, left = np.float32(0.0), np.float32(0.0)
        for c in range(1, probabilities.shape[1]):
            attack += probabilities[row, c]
            if protocols[c, protocol]:
                left += probabilities[row, c]
        if left <= 0.0 or left == attack:
            continue
        for c in range(1, probabilities.shape[1]):
            probabilities[row, c] *= attack / left if protocols[c, protocol] else np.float32(0.0)


def save(model: Model, path: Path) -> None:
    """Write the model to ``path`` and its card to ``path`` with ``.card.json``; each is whole or not there."""
    document = {
        "format": FORMAT,
        "kind": model.kind,
        "families": list(model.families),
        "features": list(model.features),
        "thresholds": np.asarray(model.thresholds, np.float32),
        "protocols": np.asarray(model.protocols, np.bool_),
        "arrays": model.classifier.arrays(),
    }
    _replace(path, skops_file.dump(document))
    _replace(card_path(path), (json.dumps(model.card, indent=1, ensure_ascii=False) + "\n").encode())


def card_path(path: Path) -> Path:
    """Where the card of a model file lies."""
    return path.with_name(path.stem + ".card.json")


def _replace(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot write: {error.strerror}") from None


def load(path: Path) -> Model:
    """Read a model file. Raises ``InputError`` where it is missing, damaged, or made for other features."""
    if not path.exists():
        raise InputError(f"{path}: no such model; {_HINT}")
    document = _decode(read_bytes(path, "model", _MAX_BYTES), path)
    try:
        return _model(document, path)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: damaged model: {error!r}") from None


def _decode(data: bytes, path: Path) -> dict[str, Any]:
    document = skops_file.load(data, str(path))
    if document.get("format") != FORMAT:
        raise InputError(f"{path}: not a {FORMAT} file")
    return document


def _model(document: dict[str, Any], path: Path) -> Model:
    families, features = tuple(map(str, document["families"])), tuple(map(str, document["features"]))
    if features != MODEL_NAMES:
        raise InputError(f"{path}: made for other features than this version has; {_HINT}")
    arrays: Arrays = {str(name): np.asarray(array) for name, array in document["arrays"].items()}
    classifier = kind(document["kind"]).from_arrays(arrays)
    thresholds = np.asarray(document["thresholds"], np.float32)
    protocols = np.asarray(document["protocols"], np.bool_)
    shapes = (thresholds.shape, protocols.shape)
    if not families or families[0] != BENIGN or shapes != ((len(families),), (len(families), 5)):
        raise InputError(f"{path}: damaged model: families and thresholds do not fit")
    shape = classifier.probabilities(np.zeros((1, len(features)), np.float32)).shape
    if shape != (1, len(families)):
        raise InputError(f"{path}: damaged model: {shape[1]} classes for {len(families)} families")
    return Model(document["kind"], families, features, thresholds, protocols, classifier, _card(path))


def _card(path: Path) -> dict[str, Any]:
    try:
        card = json.loads(card_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # a model works without its card
        return {}
    return card if isinstance(card, dict) else {}


@cache
def load_default() -> Model:
    """The model that ships. Raises ``LackingError`` where the installation lacks it."""
    if not DEFAULT.is_file():
        raise LackingError(f"the detector's model is missing ({DEFAULT.name}); {_HINT}")
    return load(DEFAULT)
