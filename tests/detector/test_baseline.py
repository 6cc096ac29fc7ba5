import numpy as np

from detector.baseline import Rule, best_rule
from detector.features import NAMES
from tests.detector.test_training import several, source


def test_the_best_rule_finds_the_column_that_tells():
    rule = best_rule(several())
    assert rule.feature == 0
    assert rule.sign == 1
    assert 1 < rule.threshold < 6
    assert rule.text.startswith(NAMES[0])


def test_a_low_value_may_be_what_tells():
    src = source("a", ["benign"] * 50 + ["port_scan"] * 50)
    src.matrix[:, 0] *= -1
    rule = best_rule([src])
    assert (rule.feature, rule.sign) == (0, -1)
    assert "<" in rule.text


def test_what_a_rule_says():
    matrix = np.zeros((2, len(NAMES)), np.float32)
    matrix[1, 3] = 2
    assert Rule(3, 1.0, 1).says(matrix).tolist() == [False, True]
    assert Rule(3, 1.0, -1).says(matrix).tolist() == [True, False]


def test_where_there_is_nothing_to_tell_apart_nobody_is_accused():
    rule = best_rule([source("a", ["port_scan"] * 5)])
    assert not rule.says(np.ones((3, len(NAMES)), np.float32)).any()
