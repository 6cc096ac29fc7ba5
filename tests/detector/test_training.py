import numpy as np
import pytest

from contract.errors import InputError
from detector import training
from detector.features import NAMES, WIDTH
from detector.model import PROTOCOL_COLUMNS
from detector.training import Result, Source


def source(name, families, seed=0, kind="capture", group=""):
    """Rows whose first column tells the family, with noise elsewhere; two looks a flow."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(len(families), WIDTH)).astype(np.float32)
    names = np.array(families)
    matrix[:, list(PROTOCOL_COLUMNS)] = 0.0  # no rule speaks
    for needed in ("pair_ports_60s", "dst_starts_10s"):  # what a scan and a flood cannot be without
        matrix[:, NAMES.index(needed)] = 5.0
    matrix[:, NAMES.index("tcp_open")] = 0.0
    matrix[:, [NAMES.index(name) for name in ("pair_failed_ports_60s", "pair_failed_ports_600s")]] = 0.0
    matrix[:, 0] += 6 * (names == "port_scan") + 12 * (names == "syn_flood")
    flows = (np.arange(len(families)) // 2).astype(np.uint64)
    return Source(name, kind, group or name, matrix, names, flows)


def several():
    made = [source(f"c{i}", ["benign"] * 30 + ["port_scan"] * 30, seed=i) for i in range(4)]
    made += [source(f"d{i}", ["benign"] * 30 + ["syn_flood"] * 30, seed=9 + i) for i in range(3)]
    return [*made, source("w", ["benign"] * 20 + ["syn_flood"] * 40, seed=20, kind="world")]


def test_thinning_keeps_every_family_and_drops_the_unknown():
    thinned = training.thin(source("a", ["benign"] * 500 + ["port_scan"] * 10 + ["unknown"] * 50), 1, rows=40)
    names, counts = np.unique(thinned.families, return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == {"benign": 40, "port_scan": 10}
    again = training.thin(source("a", ["benign"] * 500 + ["port_scan"] * 10 + ["unknown"] * 50), 1, rows=40)
    np.testing.assert_array_equal(thinned.matrix, again.matrix)


def test_families_begin_with_benign():
    assert training.family_list(several()) == ("benign", "port_scan", "syn_flood")
    with pytest.raises(InputError, match="nothing to train on"):
        training.family_list([source("a", ["benign", "unknown"])])


def test_no_source_and_no_family_dominates():
    sources = [source("big", ["port_scan"] * 900), source("small", ["port_scan"] * 100), source("b", ["benign"] * 400)]
    codes = [np.full(len(s), 1 if "port_scan" in s.families else 0) for s in sources]
    parts = np.split(training.weights(sources, codes), [900, 1000])
    assert parts[0].sum() == pytest.approx(parts[1].sum())
    assert parts[2].sum() == pytest.approx(parts[0].sum() + parts[1].sum())
    assert sum(p.sum() for p in parts) == pytest.approx(1400)


def test_worlds_weigh_as_much_as_captures():
    sources = [source("c", ["port_scan"] * 100)]
    sources += [source(f"w{i}", ["port_scan"] * 100, kind="world") for i in range(9)]
    parts = np.split(training.weights(sources, [np.full(100, 1)] * 10), np.arange(100, 1000, 100))
    assert parts[0].sum() == pytest.approx(sum(p.sum() for p in parts[1:]))


def test_groups_are_never_split_and_worlds_are_in_no_fold():
    sources = [source(f"s{i}", ["benign", "port_scan"], group=f"g{i // 3}") for i in range(12)]
    sources.append(source("w", ["syn_flood"], kind="world"))
    found = training.folds(sources, 3)
    assert found[-1] == -1
    for group in range(4):
        assert len(set(found[3 * group : 3 * group + 3])) == 1
    assert set(found[:-1]) == {0, 1, 2}


def test_what_can_be_told_is_told_on_sources_never_seen():
    sources = several()
    families = training.family_list(sources)
    steps = []
    probabilities = training.held_out(sources, families, 1, progress=lambda *step: steps.append(step))
    assert probabilities[-1] is None
    assert steps[-1][1] == steps[-1][2]
    thresholds = training.thresholds(sources, probabilities, families)
    assert ((thresholds >= training.LEAST) & (thresholds <= training.MOST)).all()
    for src, rows in zip(sources[:-1], probabilities[:-1], strict=True):
        assert rows is not None
        for result in training.judge(src, rows, thresholds, families):
            if result.family == "benign":
                assert result.detected <= 1
            else:
                assert result.right_family >= 0.7 * result.flows


def test_judging_counts_flows_and_takes_the_last_attack_word():
    families = ("benign", "port_scan", "syn_flood")
    src = source("a", ["port_scan"] * 4 + ["benign"] * 4 + ["unknown"] * 2)
    sure = np.eye(3, dtype=np.float32)
    rows = sure[[2, 1, 1, 0, 0, 0, 0, 2, 2, 2]]
    found = training.judge(src, rows, np.full(3, 0.5, np.float32), families)
    assert found == [Result("a", "benign", 2, 1, 0, 0), Result("a", "port_scan", 2, 2, 2, 2)]


def test_a_wide_word_is_right_with_any_family_of_its_group():
    families = ("benign", "other_dos", "syn_flood")
    src = source("a", ["other_dos"] * 2)
    rows = np.eye(3, dtype=np.float32)[[2, 2]]
    assert training.judge(src, rows, np.full(3, 0.5, np.float32), families) == [Result("a", "other_dos", 1, 1, 1, 1)]


def test_a_threshold_lets_few_benign_looks_pass():
    families = ("benign", "port_scan")
    src = source("a", ["benign"] * 5000)
    attack = np.linspace(0, 0.7, 5000).astype(np.float32)
    rows = np.stack([1 - attack, attack], axis=1)
    threshold = training.thresholds([src], [rows], families)[1]
    assert (attack >= threshold).mean() <= 1.2 * training.FALSE_POSITIVES


def test_captures_of_one_origin_cannot_judge_themselves():
    sources = [source(name, ["benign"] * 9 + ["port_scan"] * 9, group="one") for name in "ab"]
    assert training.held_out(sources, ("benign", "port_scan"), 1) == [None, None]


def test_protocols_are_those_that_a_family_was_seen_with():
    src = source("a", ["benign", "port_scan", "syn_flood"])
    src.matrix[:, list(PROTOCOL_COLUMNS)] = [[0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    found = training.protocols([src], ("benign", "port_scan", "syn_flood"))
    assert found.tolist() == [[True] * 5, [True, False, False, False, False], [False, False, False, False, True]]


def test_a_look_that_cannot_be_the_family_does_not_raise_its_threshold():
    families = ("benign", "port_scan")
    src = source("a", ["benign"] * 5000)
    src.matrix[:, [NAMES.index(name) for name in ("pair_ports_60s", "pair_ports_600s")]] = 0.5
    rows = np.tile(np.array([[0.1, 0.9]], np.float32), (5000, 1))
    assert training.thresholds([src], [rows], families)[1] == training.LEAST
