"""Training from end to end: generated worlds and a folder of captures with truth in, a model and its card out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from campaign.labels import family_per_flow
from campaign.model_card import build_card, markdown
from campaign.worlds import label, recipes, source_of
from contract.errors import InputError
from contract.truth import read_truth
from detector import training
from detector.baseline import Rule, best_rule
from detector.capture.opening import open_capture
from detector.classifiers.base import Matrix
from detector.features import MODEL_NAMES
from detector.looks import looks
from detector.model import Model, save
from detector.training import Source

Progress = Callable[[str, int, int], None]  # what, done, of how many
_SUFFIXES: Final = (".pcap", ".pcapng")
_TRUTH: Final = ".truth.json"


@dataclass(frozen=True)
class Plan:
    """What to train on and how. ``date`` goes into the card; ``markdown`` is where its text goes, if anywhere."""

    out: Path
    captures: Path | None = None
    worlds: int = 96
    seed: int = 1
    method: str = "forest"
    date: str = ""
    markdown: Path | None = None


@dataclass(frozen=True)
class Report:
    """What came of it."""

    model: Model
    notes: list[str] = field(default_factory=list)


def train(plan: Plan, progress: Progress | None = None) -> Report:
    """Make, meter and label the data, judge on held-out sources, fit on all, write model and card.

    The same plan and captures give the same model. Raises ``InputError`` where there is nothing to train on.
    """
    say = progress or (lambda _what, _done, _of: None)
    notes: list[str] = []
    sources = sources_of(plan, notes, say)
    families = training.family_list(sources)
    held = _Held.judge(sources, families, plan, say) if any(s.kind == "capture" for s in sources) else _Held()
    thresholds = training.thresholds(sources, held.probabilities, families)
    say("fit", 0, 1)
    classifier = training.fit([training.thin(s, plan.seed) for s in sources], families, plan.seed, plan.method)
    say("fit", 1, 1)
    results = [
        result
        for source, rows in zip(sources, held.probabilities, strict=False)
        if rows is not None
        for result in training.judge(source, rows, thresholds, families)
    ]
    card = build_card(plan.seed, plan.date, sources, families, thresholds, results, held, classifier)
    model = Model(
        plan.method, families, MODEL_NAMES, thresholds, training.protocols(sources, families), classifier, card
    )
    save(model, plan.out)
    if plan.markdown:
        try:
            plan.markdown.write_text(markdown(card), encoding="utf-8")
        except OSError as error:
            raise InputError(f"{plan.markdown}: cannot write: {error.strerror}") from None
    return Report(model, notes)


def sources_of(plan: Plan, notes: list[str], say: Progress) -> list[Source]:
    """All labelled looks that a plan asks for, captures first; what was odd about a capture goes to ``notes``."""
    return [*_captures(plan.captures, notes, say), *_worlds(plan, say)]


@dataclass(frozen=True)
class _Held:
    """What was said of each source by a model, and by a rule of one feature, that never saw its group."""

    probabilities: list[Matrix | None] = field(default_factory=list)
    rules: list[Rule | None] = field(default_factory=list)
    baseline: list[tuple[str, str, int, int]] = field(default_factory=list)  # capture, family, flows, flagged

    @classmethod
    def judge(cls, sources: list[Source], families: tuple[str, ...], plan: Plan, say: Progress) -> _Held:
        probabilities = training.held_out(sources, families, plan.seed, plan.method, say)
        fold_of = training.folds(sources)
        thinned = [training.thin(source, plan.seed) for source in sources]
        rules: list[Rule | None] = [None] * len(sources)
        baseline = []
        for fold in range(int(fold_of.max()) + 1):
            others = [t for t, f in zip(thinned, fold_of, strict=True) if f != fold and len(t)]
            if not others:
                continue
            rule = best_rule(others)
            for at in np.flatnonzero(fold_of == fold):
                rules[at] = rule
                baseline += _flagged(sources[at], rule)
        return cls(probabilities, rules, baseline)


def _flagged(source: Source, rule: Rule) -> list[tuple[str, str, int, int]]:
    ids, flow = np.unique(source.flow, return_inverse=True)
    flagged = np.zeros(len(ids), np.bool_)
    np.logical_or.at(flagged, flow, rule.says(source.matrix))
    truth = np.empty(len(ids), source.families.dtype)
    truth[flow] = source.families
    return [
        (source.name, str(name), int((truth == name).sum()), int(flagged[truth == name].sum()))
        for name in np.unique(truth)
    ]


def _worlds(plan: Plan, say: Progress) -> list[Source]:
    found = []
    made = recipes(plan.worlds, plan.seed)
    for number, recipe in enumerate(made):
        say("worlds", number, len(made))
        found.append(source_of(recipe, plan.seed))
    if made:
        say("worlds", len(made), len(made))
    return found


def _captures(folder: Path | None, notes: list[str], say: Progress) -> list[Source]:
    if folder is None:
        return []
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of captures")
    paths = sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES)
    found = []
    for number, path in enumerate(paths):
        say("captures", number, len(paths))
        truth_path = path.with_name(path.stem + _TRUTH)
        if not truth_path.is_file():
            notes.append(f"{path.name}: skipped, it has no {truth_path.name}")
            continue
        found.append(_capture(path, truth_path, notes))
    if not found:
        raise InputError(f"{folder}: no capture (.pcap, .pcapng) with a truth file (NAME{_TRUTH}) beside it")
    say("captures", len(paths), len(paths))
    return found


def _capture(path: Path, truth_path: Path, notes: list[str]) -> Source:
    truth = read_truth(truth_path)
    capture = open_capture(path)
    seen = looks(capture.batches())
    notes += [f"{path.name}: {line}" for line in capture.notes]
    return label(path.stem, "capture", group_of(path.stem, truth_path), seen, family_per_flow(seen.flows, truth))


def group_of(name: str, truth_path: Path) -> str:
    """Where a capture comes from: the repository and folder in ``about.source`` of its truth, else its own name.

    Captures of one origin are never split between training and judging.
    """
    document: Any = json.loads(truth_path.read_text(encoding="utf-8"))
    about = document.get("about")
    words = str(about.get("source", "")).split() if isinstance(about, dict) else []
    words = [word for word in words if not word.startswith("(")]
    if len(words) < 2:
        return name
    return f"{words[0]} {Path(words[1]).parent}"
