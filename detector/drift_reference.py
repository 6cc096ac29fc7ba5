"""What ordinary traffic looked like in training, network by network: the reference that drift is held against.

Kept small enough for the model's card: for each source the cumulative shares of each feature over ten bins, as bytes.
The bins are deciles of all sources together. The distance of two networks in one feature is the largest gap between
their cumulative shares (Kolmogorov-Smirnov, over ten steps); the distance of two networks is the mean of that over the
features which decide most.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contract.errors import InputError
from contract.families import BENIGN
from detector.classifiers.base import Matrix
from detector.features import NAMES

FORMAT: Final = "tenfold-drift/1"
LEAST_ROWS: Final = 200  # ordinary looks from which a network can be compared
BINS: Final = 10
_FEATURES: Final = 48  # those that decide most
_SOURCES: Final = 64
_ROWS_PER_SOURCE: Final = 4096
_EXPECTED: Final = 0.95  # share of networks, each against all of other origin, that are not called unlike
_FEW: Final = 8  # captures; where there are fewer, generated worlds set the threshold as well

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Network:
    """Ordinary looks of one source: ``matrix`` (n, WIDTH). Those of one ``group`` are not held against each other."""

    name: str
    group: str
    kind: str
    matrix: Matrix


@dataclass(frozen=True)
class Reference:
    """Sources (S), features (F): ``edges`` (F, BINS - 1), ``shares`` (S, F, BINS) cumulative, ``means`` (S, F).

    ``threshold`` is the distance to the nearest source above which a network is called unlike.
    """

    features: tuple[str, ...]
    sources: tuple[str, ...]
    edges: Floats
    shares: Floats
    means: Floats
    threshold: float
    expected: float  # share of the sources themselves beyond it

    @property
    def columns(self) -> npt.NDArray[np.int64]:
        """Where the features stand in a matrix of the detector."""
        return np.array([NAMES.index(name) for name in self.features], np.int64)

    def distances(self, rows: Matrix) -> Floats:
        """How far looks ``(n, F)`` lie from each source in each feature: ``(S, F)``, 0 to 1."""
        own = cumulative(rows, self.edges)
        found: Floats = np.abs(self.shares - own[None]).max(axis=2)
        return found

    def as_dict(self) -> dict[str, Any]:
        """For the card."""
        return {
            "format": FORMAT,
            "features": list(self.features),
            "sources": list(self.sources),
            "edges": [[round(float(edge), 4) for edge in row] for row in self.edges],
            "shares": _packed(np.round(self.shares * 255).astype(np.uint8)),
            "means": _packed(self.means.astype(np.float16)),
            "threshold": round(self.threshold, 4),
            "expected": round(self.expected, 4),
        }

    @classmethod
    def from_card(cls, card: dict[str, Any]) -> Reference | None:
        """The reference in a model's card; None where it has none. Raises ``InputError`` where it is damaged."""
        document = card.get("drift")
        if document is None:
            return None
        try:
            features, sources = tuple(map(str, document["features"])), tuple(map(str, document["sources"]))
            shape = (len(sources), len(features))
            found = cls(
                features,
                sources,
                np.array(document["edges"], np.float64).reshape(shape[1], BINS - 1),
                _unpacked(document["shares"], np.uint8).reshape(*shape, BINS) / 255,
                _unpacked(document["means"], np.float16).reshape(shape).astype(np.float64),
                float(document["threshold"]),
                float(document["expected"]),
            )
            _ = found.columns
        except (KeyError, TypeError, ValueError, AttributeError, zlib.error) as error:
            raise InputError(f"the model's card holds a damaged drift reference: {error!r}") from None
        return found


def build(networks: Sequence[Network], importances: Floats) -> Reference | None:
    """A reference of the ordinary looks of training; None where fewer than two networks have enough of them.

    Args:
        networks: all sources; those with fewer than ``LEAST_ROWS`` looks are left out
        importances: how much each feature decides, ``(WIDTH,)``
    """
    enough = [network for network in networks if len(network.matrix) >= LEAST_ROWS]
    if len({network.group for network in enough}) < 2:
        return None
    columns = np.sort(np.argsort(-importances, kind="stable")[:_FEATURES])
    rows = [_sample(network.matrix)[:, columns].astype(np.float64) for network in enough]
    even = [part[np.linspace(0, len(part) - 1, LEAST_ROWS).astype(np.int64)] for part in rows]
    edges = np.quantile(np.concatenate(even), np.arange(1, BINS) / BINS, axis=0).T
    shares = np.stack([cumulative(part, edges) for part in rows])
    means = np.stack([part.mean(axis=0) for part in rows])
    captures = np.array([network.kind == "capture" for network in enough])
    kept = _spread(shares, captures)
    nearest = _nearest_of_others(shares, np.array([network.group for network in enough]), np.array(kept))
    judged = nearest[captures] if captures.sum() >= _FEW else nearest
    threshold = float(np.quantile(judged, _EXPECTED))
    return Reference(
        tuple(NAMES[column] for column in columns),
        tuple(enough[at].name for at in kept),
        edges,
        shares[kept],
        means[kept],
        threshold,
        float((judged > threshold).mean()),
    )


def ordinary(name: str, group: str, kind: str, matrix: Matrix, families: npt.NDArray[np.str_]) -> Network:
    """The ordinary looks of a training source (``detector.training.Source``)."""
    return Network(name, group if kind == "capture" else name, kind, matrix[families == BENIGN])


def pooled(networks: Sequence[Network]) -> list[Network]:
    """The same with all generated worlds as one network: each alone has too few ordinary looks."""
    worlds = [network.matrix for network in networks if network.kind == "world"]
    captures = [network for network in networks if network.kind != "world"]
    return (
        [*captures, Network("generated worlds", "generated worlds", "world", np.concatenate(worlds))]
        if worlds
        else captures
    )


def cumulative(rows: npt.NDArray[Any], edges: Floats) -> Floats:
    """Cumulative shares of ``(n, F)`` values over the bins between ``(F, BINS - 1)`` edges: ``(F, BINS)``."""
    ordered = np.sort(rows, axis=0)
    found = np.ones((len(edges), BINS))
    for feature, own in enumerate(edges):
        found[feature, :-1] = np.searchsorted(ordered[:, feature], own, side="right") / max(len(rows), 1)
    return found


def _sample(matrix: Matrix) -> Matrix:
    """Evenly over time, so that a long capture does not cost more than it tells."""
    if len(matrix) <= _ROWS_PER_SOURCE:
        return matrix
    return matrix[np.linspace(0, len(matrix) - 1, _ROWS_PER_SOURCE).astype(np.int64)]


def _nearest_of_others(shares: Floats, groups: npt.NDArray[np.str_], kept: npt.NDArray[np.int64]) -> Floats:
    """For each source the distance to the nearest one of another origin among those that are kept: ``(S,)``."""
    found = np.ones(len(groups))
    for at, group in enumerate(groups):
        others = kept[groups[kept] != group]
        if len(others):
            found[at] = np.abs(shares[others] - shares[at]).max(axis=2).mean(axis=1).min()
    return found


def _spread(shares: Floats, captures: npt.NDArray[np.bool_]) -> list[int]:
    """At most ``_SOURCES`` sources: captures first, then what lies farthest from all that is kept."""
    kept = [int(at) for at in np.flatnonzero(captures)][:_SOURCES] or [0]
    gap = np.min([_mean_gap(shares, at) for at in kept], axis=0)
    while len(kept) < min(_SOURCES, len(shares)):
        at = int(gap.argmax())
        if gap[at] <= 0:
            break
        kept.append(at)
        gap = np.minimum(gap, _mean_gap(shares, at))
    return kept


def _mean_gap(shares: Floats, at: int) -> Floats:
    found: Floats = np.abs(shares - shares[at]).max(axis=2).mean(axis=1)
    return found


def _packed(array: npt.NDArray[Any]) -> str:
    return base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 9)).decode()


def _unpacked(text: str, kind: type[np.generic]) -> npt.NDArray[Any]:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), kind)
