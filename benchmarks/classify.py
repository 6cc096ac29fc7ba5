"""Rows a second of each way to classify, on the same looks at ``paris-2024``, and what a whole look costs.

    python -m benchmarks.classify [--seconds N] [--multiplier M] [--rows N] [--rounds N]

The looks are those that the detector takes at the scenario's traffic. The trees are the ones that ship, in every way:
scikit-learn gets them as a forest of its own, ONNX Runtime what skl2onnx makes of that (left out, with a word, where
either is not installed), ``row_at_a_time`` walks a row through a tree before the next, ``in_step`` is what the detector
does (``detector.tree_walk``) and ``gate_and_classes`` is ``Model.classify``: verdicts, rules and all. Probabilities are
compared before anything is timed. One thread, processor time, the best of several rounds, rounds of all ways in turn.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from types import SimpleNamespace
from typing import Any, Final

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from campaign.scenario import Overrides, load
from contract.jit import lean_kernel
from detector.behaviour import compiled
from detector.classifiers.base import Matrix
from detector.classifiers.forest import Packed
from detector.config import Config
from detector.features import features
from detector.meter import Slots
from detector.model import Model, load_default, restrict, verdicts
from detector.observer import Observer
from detector.pipeline import Detector
from generator.plan import make_plan
from generator.traffic import chunks

_BLOCK: Final = 256


class Noting(Observer):
    """An observer that keeps what the classifier was given, and what its last look was at."""

    def begin(self) -> None:
        self.matrices: list[Matrix] = []
        self.last: tuple[Slots, int] = (np.zeros(0, np.int32), 0)

    def look(self, dirty: Slots, now_ns: int, *, last: bool = False) -> tuple[Slots, Matrix]:
        slots, matrix = super().look(dirty, now_ns, last=last)
        self.matrices.append(matrix)
        if len(slots) and not last:
            self.last = (slots, now_ns)
        return slots, matrix


def frames(seconds: float, multiplier: float) -> Iterator[pa.RecordBatch]:
    """The scenario's traffic at that rate."""
    scenario = Overrides(multiplier=multiplier, duration_s=seconds).apply(load("paris-2024"))
    for chunk in chunks(make_plan(scenario.workload(1_721_995_200_000_000_000))):
        yield chunk.frames


def watch(batches: list[pa.RecordBatch], model: Model) -> tuple[Detector, Noting]:
    """A detector that has seen the frames (and not their end: flows still live), and its notes."""
    detector = Detector(Config(), model)
    noting = Noting(detector.meter.table, detector.config.seed)
    noting.begin()
    detector.observer = noting
    for batch in batches:
        detector.feed(batch)
        detector.outputs()
    return detector, noting


def of_scikit_learn(packed: Packed, width: int) -> Any:  # noqa: ANN401 - a forest of scikit-learn
    """The same trees as an ``ExtraTreesClassifier``."""
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.tree._tree import Tree

    classes, trees = packed.leaves.shape[1], len(packed.roots)
    words = np.tile(np.arange(classes), 3)  # classes as numerous as rows would be taken for figures, with a warning
    corner = np.zeros((len(words), width), np.float32)
    corner[:, 0] = words
    forest = ExtraTreesClassifier(trees, max_depth=1, n_jobs=1).fit(corner, words)
    for estimator, low, high in zip(
        forest.estimators_, packed.roots, [*packed.roots[1:], len(packed.feature)], strict=True
    ):
        kind = estimator.tree_.__getstate__()["nodes"].dtype
        part = slice(int(low), int(high))
        inner = packed.feature[part] >= 0
        nodes = np.zeros(len(inner), kind)
        nodes["left_child"] = np.where(inner, packed.left[part] - low, -1)
        nodes["right_child"] = np.where(inner, packed.right[part] - low, -1)
        nodes["feature"] = np.where(inner, packed.feature[part], -2)
        nodes["threshold"] = np.where(inner, packed.threshold[part], -2.0)
        nodes["n_node_samples"] = nodes["weighted_n_node_samples"] = 1
        values = packed.leaves[np.where(inner, 0, packed.left[part])].astype(np.float64)[:, None, :]
        tree = Tree(width, np.array([classes], np.intp), 1)
        tree.__setstate__(
            {"max_depth": 64, "node_count": len(nodes), "nodes": nodes, "values": np.ascontiguousarray(values)}
        )
        estimator.tree_ = tree
    return forest


def of_onnx(forest: Any, width: int) -> Callable[[Matrix], Matrix] | str:  # noqa: ANN401 - as above
    """The forest in ONNX Runtime, or why not."""
    try:
        runtime, converter = import_module("onnxruntime"), import_module("skl2onnx")
    except ImportError as error:
        return f"left out: {error.name} is not installed"
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    document = converter.to_onnx(forest, np.zeros((1, width), np.float32), options={id(forest): {"zipmap": False}})
    session = runtime.InferenceSession(document.SerializeToString(), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda matrix: np.asarray(session.run(None, {name: matrix})[1])


@lean_kernel
def _row_at_a_time(packed: Packed, matrix: Matrix, sums: npt.NDArray[np.float64], out: Matrix) -> None:
    rows, classes = out.shape
    trees = len(packed.roots)
    for start in range(0, rows, _BLOCK):
        stop = min(start + _BLOCK, rows)
        sums[:] = 0.0
        for tree in range(trees):
            for row in range(start, stop):
                node = packed.roots[tree]
                while packed.feature[node] >= 0:
                    value = matrix[row, packed.feature[node]]
                    node = packed.left[node] if value <= packed.threshold[node] else packed.right[node]
                for c in range(classes):
                    sums[row - start, c] += packed.leaves[packed.left[node], c]
        for row in range(start, stop):
            for c in range(classes):
                out[row, c] = sums[row - start, c] / trees


def row_at_a_time(packed: Packed, matrix: Matrix) -> Matrix:
    """The plain walk: a row to its leaf, then the next."""
    out = np.empty((len(matrix), packed.leaves.shape[1]), np.float32)
    _row_at_a_time(packed, matrix, np.empty((_BLOCK, out.shape[1])), out)
    return out


def ways(model: Model, matrix: Matrix) -> tuple[dict[str, Callable[[], Any]], dict[str, str]]:
    """Every way to classify the matrix, and those left out. Raises ``AssertionError`` where two disagree."""
    packed = Packed(**model.classifier.arrays())
    forest = of_scikit_learn(packed, matrix.shape[1])
    onnx = of_onnx(forest, matrix.shape[1])
    theirs = forest.predict_proba(matrix)
    np.testing.assert_allclose(row_at_a_time(packed, matrix), theirs, atol=1e-6)
    np.testing.assert_array_equal(model.classifier.probabilities(matrix), row_at_a_time(packed, matrix))
    whole = model.probabilities(matrix)
    codes, scores = verdicts(whole, matrix, model.thresholds, model.families)
    gated = model.classify(matrix)
    np.testing.assert_array_equal(gated[0], codes)
    np.testing.assert_array_equal(gated[1], scores)

    def plainly() -> None:
        rows = row_at_a_time(packed, matrix)
        restrict(rows, matrix, model.protocols)
        verdicts(rows, matrix, model.thresholds, model.families)

    found: dict[str, Callable[[], Any]] = {
        "scikit_learn": lambda: forest.predict_proba(matrix),
        "row_at_a_time": lambda: row_at_a_time(packed, matrix),
        "in_step": lambda: model.classifier.probabilities(matrix),
        "row_at_a_time_and_verdicts": plainly,
        "gate_and_classes": lambda: model.classify(matrix),
        "gate_and_classes_by_tick": lambda: [
            model.classify(matrix[at : at + 512]) for at in range(0, len(matrix), 512)
        ],
    }
    if isinstance(onnx, str):
        return found, {"onnx_runtime": onnx}
    np.testing.assert_allclose(onnx(matrix), theirs, atol=1e-5)
    return found | {"onnx_runtime": lambda: onnx(matrix)}, {}


def best(found: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Least processor time of each over rounds in which all take their turn; the first round is not counted."""
    least = dict.fromkeys(found, np.inf)
    for turn in range(rounds + 1):
        for name, work in found.items():
            begin = time.process_time()
            work()
            if turn:
                least[name] = min(least[name], time.process_time() - begin)
    return least


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All figures of a run."""
    model = load_default()
    batches = list(frames(options.seconds, options.multiplier))
    watch(batches[:2], model)  # compiles
    detector, noting = watch(batches, model)
    looked = np.concatenate(noting.matrices)
    matrix = np.ascontiguousarray(looked[-options.rows :])
    live = np.flatnonzero(detector.meter.table.flows["state"] == 1).astype(np.int32)[: options.rows]
    found, left_out = ways(model, matrix)
    timed = best(found, options.rounds)
    now = noting.last[1]
    table, windows = detector.meter.table, noting.windows
    looks = {
        "features": lambda: features(table, windows, live, now),
        "features_and_classes": lambda: model.classify(features(table, windows, live, now)),
    }
    seen = best(looks, options.rounds)
    rates = {name: round(len(matrix) / seconds) for name, seconds in timed.items()}
    stages = detector.stopwatch.stages_ms()
    attack = 1 - model.classifier.probabilities(matrix)[:, 0]
    return {
        "looks": len(looked),
        "rows": len(matrix),
        "rules": len(compiled(model.families).rules.code),
        "pass_the_gate": round(float((attack >= model.thresholds[1:].min()).mean()), 3),
        "alike_in_all_features": round(
            1 - len(np.unique(matrix.view(np.uint8).reshape(len(matrix), -1), axis=0)) / len(matrix), 3
        ),
        "rows_per_s": rates | left_out,
        "times_scikit_learn": {name: round(rate / rates["scikit_learn"], 1) for name, rate in rates.items()},
        "times_row_at_a_time": round(rates["in_step"] / rates["row_at_a_time"], 2),
        "live_flows": len(live),
        "looks_per_s": {name: round(len(live) / seconds) for name, seconds in seen.items()},
        "share_of_stages": {name: round(ms / sum(stages.values()), 3) for name, ms in stages.items()},
    }


def main() -> None:
    """Measure and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--multiplier", type=float, default=10.0)
    parser.add_argument("--rows", type=int, default=8192)
    parser.add_argument("--rounds", type=int, default=15)
    report = measure(parser.parse_args())
    machine = SimpleNamespace(python=platform.python_version(), numba=numba.__version__, machine=platform.machine())
    print(json.dumps(report | vars(machine), indent=1))


if __name__ == "__main__":
    main()
