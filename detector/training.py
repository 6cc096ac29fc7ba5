"""Fits a model from labelled looks at many sources, and judges it on sources that it never saw.

A source is one capture or one generated world. Sources that share an origin share a ``group`` and are never split
between training and judging: rows of one testbed resemble each other more than any network resembles another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.errors import InputError
from contract.families import BENIGN, UNKNOWN, group_of
from detector.behaviour import compiled, plausible
from detector.classifiers.base import Classifier, Matrix, kind
from detector.features import MODEL_WIDTH
from detector.model import PROTOCOL_COLUMNS, restrict, verdicts

Names = npt.NDArray[np.str_]
ROWS_PER_SOURCE: Final = 220  # of one family in one source
FOLDS: Final = 6
FALSE_POSITIVES: Final = 0.002  # share of benign looks that a threshold may let pass, on sources held out
LEAST: Final = 0.5
MOST: Final = 0.85
_BENIGN_SHARE: Final = 0.5  # of all weight
_MANY: Final = 200  # benign looks from which a capture counts fully for thresholds
_FEW: Final = 40  # a source with fewer rows of a family weighs less

Progress = Callable[[str, int, int], None]  # what, done, of how many


@dataclass(frozen=True)
class Source:
    """Labelled looks. ``kind`` is ``capture`` or ``world``; ``flow`` numbers flows within the source."""

    name: str
    kind: str
    group: str
    matrix: Matrix  # (n, WIDTH)
    families: Names  # (n,) a family, ``benign`` or ``unknown``
    flow: npt.NDArray[np.uint64]  # (n,)

    def __len__(self) -> int:
        return len(self.families)


def thin(source: Source, seed: int, rows: int = ROWS_PER_SOURCE) -> Source:
    """At most ``rows`` looks of each family, drawn at random; ``unknown`` looks are left out."""
    rng = np.random.default_rng([seed, *source.name.encode()])
    kept: list[npt.NDArray[np.int64]] = []
    for family in np.unique(source.families):
        own = np.flatnonzero(source.families == family)
        if family == UNKNOWN:
            continue
        kept.append(own if len(own) <= rows else rng.choice(own, rows, replace=False))
    at = np.sort(np.concatenate(kept)) if kept else np.zeros(0, np.int64)
    return replace(source, matrix=source.matrix[at], families=source.families[at], flow=source.flow[at])


def family_list(sources: Sequence[Source]) -> tuple[str, ...]:
    """``benign`` first, then the attack families that the sources have, by name."""
    found = {str(name) for source in sources for name in np.unique(source.families)} - {BENIGN, UNKNOWN}
    if not found:
        raise InputError("nothing to train on: no source has a flow that its truth calls an attack")
    return (BENIGN, *sorted(found))


def weights(sources: Sequence[Source], codes: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.float64]:
    """A weight per row: families weigh alike, within a family sources do, and benign has half of all.

    Worlds of the generator together weigh as much as the captures together, where a family has both.
    """
    classes = int(max(c.max() for c in codes if len(c))) + 1
    parts = [np.zeros(len(c)) for c in codes]
    for code in range(classes):
        shares = []
        for source, own in zip(sources, codes, strict=True):
            rows = int((own == code).sum())
            shares.append((source.kind, min(1.0, rows / _FEW) ** 0.5 if rows else 0.0, rows))
        for kind_ in ("capture", "world"):
            total = sum(weight for k, weight, _ in shares if k == kind_)
            both = len({k for k, weight, _ in shares if weight > 0})
            for part, own, (k, weight, rows) in zip(parts, codes, shares, strict=True):
                if k == kind_ and rows:
                    part[own == code] = weight / total / rows / both
    whole = np.concatenate(parts)
    benign = np.concatenate(codes) == 0
    if benign.any() and not benign.all():
        whole[benign] *= _BENIGN_SHARE / whole[benign].sum()
        whole[~benign] *= (1 - _BENIGN_SHARE) / whole[~benign].sum()
    return whole * len(whole)


def fit(sources: Sequence[Source], families: tuple[str, ...], seed: int, method: str = "forest") -> Classifier:
    """Fit a classifier of that kind on thinned sources."""
    order = {family: code for code, family in enumerate(families)}
    codes = [np.array([order[str(name)] for name in source.families], np.int64) for source in sources]
    matrix = np.concatenate([source.matrix[:, :MODEL_WIDTH] for source in sources])
    return kind(method).fit(matrix, np.concatenate(codes), weights(sources, codes), len(families), seed)


def protocols(sources: Sequence[Source], families: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Which protocols each family was seen with: bool ``(C, 5)``, see ``Model.protocols``. Benign goes with all."""
    found = np.zeros((len(families), 5), np.bool_)
    found[0] = True
    for code, family in enumerate(families):
        for source in sources:
            own = source.matrix[source.families == family][:, PROTOCOL_COLUMNS] > 0.5
            found[code, :4] |= own.any(axis=0) if len(own) else False
            found[code, 4] |= bool((~own.any(axis=1)).any()) if len(own) else False
    return found


def folds(sources: Sequence[Source], count: int = FOLDS) -> npt.NDArray[np.int64]:
    """The fold of each source; -1 for worlds, which are always trained on.

    Groups stay together; the groups of a family are spread over the folds, so that few folds lack a family.
    """
    where: dict[str, int] = {}
    load = np.zeros(count, np.int64)
    used: dict[str, list[int]] = {}
    groups = sorted({s.group for s in sources if s.kind == "capture"})
    attacks = {g: sorted({str(f) for s in sources if s.group == g for f in np.unique(s.families)}) for g in groups}
    for group in sorted(groups, key=lambda g: (-len(attacks[g]), attacks[g], g)):
        taken = [fold for family in attacks[group] if family != BENIGN for fold in used.get(family, [])]
        best = min(range(count), key=lambda fold: (taken.count(fold), load[fold], fold))
        where[group] = best
        load[best] += sum(len(s) for s in sources if s.group == group)
        for family in attacks[group]:
            used.setdefault(family, []).append(best)
    return np.array([where[s.group] if s.kind == "capture" else -1 for s in sources], np.int64)


class Fold(NamedTuple):
    """A classifier that saw nothing of the origins of ``members`` (indices of sources)."""

    members: npt.NDArray[np.int64]
    classifier: Classifier
    allowed: npt.NDArray[np.bool_]  # (C, 5), see Model.protocols

    def probabilities(self, matrix: Matrix) -> Matrix:
        """``(n, C)`` probabilities of the families."""
        rows = self.classifier.probabilities(matrix)
        restrict(rows, matrix, self.allowed)
        return rows


def fit_folds(
    sources: Sequence[Source],
    families: tuple[str, ...],
    seed: int,
    method: str = "forest",
    progress: Progress | None = None,
) -> Iterator[Fold]:
    """Fit a classifier for each fold of captures, on all that is not of their origins, one after the other."""
    fold_of = folds(sources)
    thinned = [thin(source, seed) for source in sources]
    count = int(fold_of.max()) + 1
    for number in range(count):
        if progress:
            progress("held-out fold", number, count)
        others = [t for t, f in zip(thinned, fold_of, strict=True) if f != number and len(t)]
        if not others:  # all captures are of one origin: nobody is left who could judge them
            continue
        classifier = fit(others, families, seed + number, method)
        yield Fold(np.flatnonzero(fold_of == number), classifier, protocols(others, families))
    if progress:
        progress("held-out fold", count, count)


def held_out(
    sources: Sequence[Source],
    families: tuple[str, ...],
    seed: int,
    method: str = "forest",
    progress: Progress | None = None,
) -> list[Matrix | None]:
    """Probabilities of every capture's looks by a classifier that saw nothing of its group; ``None`` for worlds.

    ``None``, too, where nothing else is left to train on.
    """
    return judged_by(fit_folds(sources, families, seed, method, progress), sources)


def judged_by(fitted: Iterable[Fold], sources: Sequence[Source]) -> list[Matrix | None]:
    """Probabilities of every source's looks by the fold that it belongs to; ``None`` where it belongs to none."""
    found: list[Matrix | None] = [None] * len(sources)
    for fold in fitted:
        for at in fold.members:
            found[at] = fold.probabilities(sources[int(at)].matrix)
    return found


def thresholds(
    sources: Sequence[Source], probabilities: Sequence[Matrix | None], families: tuple[str, ...]
) -> npt.NDArray[np.float32]:
    """Per family the least attack probability at which few benign looks of held-out captures pass.

    ``FALSE_POSITIVES`` of them; a look that lacks what the family cannot be without does not count. Every capture
    counts alike, however long, but one with few benign looks less: it may hold little more than what belongs to its
    attack.
    """
    scores: list[list[npt.NDArray[np.float64]]] = [[] for _ in families]
    counts: list[list[npt.NDArray[np.float64]]] = [[] for _ in families]
    captures, known = 0.0, compiled(families)
    for source, rows in zip(sources, probabilities, strict=True):
        benign = source.families == BENIGN
        if rows is None or not benign.any():
            continue
        captures += min(1.0, benign.sum() / _MANY)
        own = rows[benign]
        best = (own[:, 1:].argmax(1) + 1).astype(np.int16)
        meant = plausible(known, source.matrix[benign], best)
        for code in range(1, len(families)):
            named = own[(best == code) & meant, 0].astype(np.float64)
            scores[code].append(1.0 - named)
            counts[code].append(np.full(len(named), 1.0 / max(benign.sum(), _MANY)))
    out = np.full(len(families), LEAST, np.float32)
    for code in range(1, len(families)):
        if not captures or not scores[code]:
            continue
        score, weight = np.concatenate(scores[code]), np.concatenate(counts[code])
        order = np.argsort(-score)
        above = np.cumsum(weight[order]) / captures
        passed = int(np.searchsorted(above, FALSE_POSITIVES))
        if passed < len(order):
            out[code] = np.clip(score[order[passed]] + 1e-3, LEAST, MOST)
    return out


@dataclass(frozen=True)
class Result:
    """How one held-out capture was judged, flow by flow. ``family`` is ``benign`` for its ordinary flows."""

    capture: str
    family: str
    flows: int
    detected: int  # flows of which any look was called an attack
    right_group: int
    right_family: int


def judge(
    source: Source, probabilities: Matrix, threshold: npt.NDArray[np.float32], families: tuple[str, ...]
) -> list[Result]:
    """Verdicts of a source's looks, counted by flow. The last attack verdict of a flow is its word."""
    codes, _ = verdicts(probabilities, source.matrix, threshold, families)
    flow_ids, flow = np.unique(source.flow, return_inverse=True)
    said = np.zeros(len(flow_ids), np.int64)
    attack = np.flatnonzero(codes > 0)
    said[flow[attack]] = codes[attack]  # later looks overwrite earlier ones
    truth = np.empty(len(flow_ids), source.families.dtype)
    truth[flow] = source.families
    groups = np.array([group_of(family) for family in families])
    results = []
    for family in np.unique(truth):
        if family == UNKNOWN:
            continue
        own = said[truth == family]
        detected = own > 0
        right = detected & (np.array(families)[own] == family)
        group = detected & (groups[own] == group_of(str(family)))
        wide = str(family).startswith("other_")
        results.append(
            Result(
                source.name,
                str(family),
                len(own),
                int(detected.sum()),
                int(group.sum()),
                int((group if wide else right).sum()),
            )
        )
    return results
