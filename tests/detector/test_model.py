import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from contract.errors import InputError, LackingError
from detector import model as models
from detector.behaviour import compiled
from detector.classifiers import forest
from detector.features import MODEL_NAMES, MODEL_WIDTH, WIDTH
from detector.model import PROTOCOL_COLUMNS, Model, card_path, decide, load, load_default, restrict, save, verdicts

FAMILIES = ("benign", "port_scan", "syn_flood")


def small():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(200, WIDTH)).astype(np.float32)
    codes = np.clip(np.round(matrix[:, 0]) + 1, 0, 2).astype(np.int64)
    fitted = forest.fit(matrix[:, :MODEL_WIDTH], codes, np.ones(200), 3, seed=1)
    thresholds = np.array([0.5, 0.6, 0.7], np.float32)
    return Model("forest", FAMILIES, MODEL_NAMES, thresholds, np.ones((3, 5), np.bool_), fitted, {"seed": 1}), matrix


def test_a_model_survives_its_file(tmp_path):
    model, matrix = small()
    save(model, tmp_path / "m.skops")
    again = load(tmp_path / "m.skops")
    for one, other in zip(model.classify(matrix), again.classify(matrix), strict=True):
        np.testing.assert_array_equal(one, other)
    assert again.families == FAMILIES
    assert again.card == {"seed": 1}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.card.json", "m.skops"]


def test_the_same_model_gives_the_same_bytes(tmp_path):
    for name in ("a.skops", "b.skops"):
        save(small()[0], tmp_path / name)
    assert (tmp_path / "a.skops").read_bytes() == (tmp_path / "b.skops").read_bytes()


def test_no_rows_no_verdicts():
    codes, scores = small()[0].classify(np.zeros((0, WIDTH), np.float32))
    assert codes.shape == scores.shape == (0,)
    assert (codes.dtype, scores.dtype) == (np.int16, np.float32)


@pytest.mark.parametrize(
    ("row", "code", "score"),
    [
        ([0.9, 0.1, 0.0], 0, 0.9),
        ([0.3, 0.4, 0.3], 1, 0.7),  # the mass of all attacks counts against the likeliest one's threshold
        ([0.35, 0.2, 0.45], 0, 0.35),  # 0.65 is short of 0.7
        ([0.0, 0.0, 1.0], 2, 1.0),
    ],
)
def test_decisions(row, code, score):
    codes, scores = decide(np.array([row], np.float32), np.array([0.5, 0.6, 0.7], np.float32))
    assert codes[0] == code
    assert scores[0] == pytest.approx(score)


def test_missing_and_damaged_files(tmp_path):
    with pytest.raises(InputError, match="no such model"):
        load(tmp_path / "none.skops")
    (tmp_path / "bad.skops").write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(InputError, match="bad"):
        load(tmp_path / "bad.skops")
    with pytest.raises(InputError):
        load(tmp_path)


def test_a_model_for_other_features_is_refused(tmp_path):
    model, _ = small()
    save(replace(model, features=MODEL_NAMES[1:]), tmp_path / "old.skops")
    with pytest.raises(InputError, match="other features"):
        load(tmp_path / "old.skops")


def test_families_must_fit_the_trees(tmp_path):
    model, _ = small()
    save(
        replace(model, families=FAMILIES[:2], thresholds=model.thresholds[:2], protocols=model.protocols[:2]),
        tmp_path / "odd.skops",
    )
    with pytest.raises(InputError, match="3 classes for 2 families"):
        load(tmp_path / "odd.skops")


def test_a_model_works_without_its_card(tmp_path):
    save(small()[0], tmp_path / "m.skops")
    card_path(tmp_path / "m.skops").write_text("{")
    assert load(tmp_path / "m.skops").card == {}


def test_the_model_that_ships_loads_and_is_small():
    model = load_default()
    assert model.families[0] == "benign"
    assert models.DEFAULT.stat().st_size < 3_000_000
    assert json.loads(card_path(models.DEFAULT).read_text())
    codes, scores = model.classify(np.zeros((3, WIDTH), np.float32))
    assert codes.tolist() == [codes[0]] * 3
    assert ((scores >= 0) & (scores <= 1)).all()


def test_a_missing_default_says_how_to_get_one(monkeypatch, tmp_path):
    monkeypatch.setattr(models, "DEFAULT", tmp_path / "default.skops")
    with pytest.raises(LackingError, match="tenfold train"):
        load_default.__wrapped__()


def test_a_family_is_not_said_of_a_protocol_it_was_never_seen_with():
    matrix = np.zeros((3, WIDTH), np.float32)
    matrix[0, PROTOCOL_COLUMNS[0]] = 1  # TCP
    matrix[1, PROTOCOL_COLUMNS[1]] = 1  # UDP; the third row is of another protocol
    rows = np.array([[0.2, 0.5, 0.3]] * 3, np.float32)
    allowed = np.ones((3, 5), np.bool_)
    allowed[1, 1] = False
    allowed[1:, 4] = False
    restrict(rows, matrix, allowed)
    np.testing.assert_allclose(rows, [[0.2, 0.5, 0.3], [0.2, 0.0, 0.8], [0.2, 0.5, 0.3]], atol=1e-6)


def test_a_device_is_refused_unopened() -> None:
    with pytest.raises(InputError, match="not a regular file"):
        load(Path("/dev/zero"))


def test_the_gate_changes_no_verdict() -> None:
    """Rows between ordinary and not, and rows of which a rule speaks whatever the trees say."""
    model = load_default()
    rng = np.random.default_rng(4)
    rows = rng.normal(0.5, 1.0, (9000, WIDTH)).astype(np.float32)
    rows[:, list(PROTOCOL_COLUMNS)] = np.eye(4, dtype=np.float32)[rng.integers(0, 4, len(rows))]
    rows[::2] = np.abs(np.round(rows[::2]))
    known = compiled(model.families).rules
    for number, row in enumerate(rows[::5]):  # meets all that a rule asks for
        rule = number % len(known.code)
        for c in range(known.first[rule], known.first[rule + 1]):
            row[known.column[c]] = np.clip(row[known.column[c]], known.least[c], known.most[c])
    whole = model.probabilities(rows)
    codes, scores = verdicts(whole, rows, model.thresholds, model.families)
    gated_codes, gated_scores = model.classify(rows)
    np.testing.assert_array_equal(gated_codes, codes)
    np.testing.assert_array_equal(gated_scores, scores)
    quiet = 1 - whole[:, 0] < model.thresholds[1:].min()
    assert quiet.any()
    assert (codes[quiet] > 0).any()  # by a rule alone
    assert (codes[quiet] == 0).any()
    assert (codes[~quiet] > 0).any()


def test_doubt_that_no_family_explains_is_no_attack():
    thresholds = np.full(8, 0.5, np.float32)
    spread = np.array([[0.44, *[0.08] * 7]], np.float32)
    assert decide(spread, thresholds)[0].tolist() == [0]
    sure = np.array([[0.16, *[0.12] * 7]], np.float32)
    assert decide(sure, thresholds)[0].tolist() != [0]
    half = np.array([[0.44, 0.26, *[0.05] * 6]], np.float32)
    assert decide(half, thresholds)[0].tolist() == [0]
    named = np.array([[0.44, 0.31, *[0.0416] * 6]], np.float32)
    assert decide(named, thresholds)[0].tolist() == [1]
