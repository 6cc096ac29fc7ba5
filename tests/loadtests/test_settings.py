from __future__ import annotations

from pathlib import Path

import pytest

from contract.errors import InputError
from loadtests.settings import from_environment


def test_defaults_and_overrides():
    settings = from_environment({"TENFOLD_FEEDS": "feeds"})
    assert [step.multiplier for step in settings.plan] == [1, 8, 10]
    assert settings.headers == {}
    assert settings.feed(8) == Path("feeds/feed-8x.arrow")
    other = from_environment({"TENFOLD_FEEDS": "f", "TENFOLD_LOAD_STEPS": "2, 4", "TENFOLD_LOAD_DETECT_P99_MS": "250"})
    assert other.steps == (2, 4)
    assert other.thresholds.detect_p99_ms == 250.0
    assert [step.multiplier for step in other.plan] == [2, 4]


def test_the_key_comes_from_the_environment_and_is_not_shown():
    settings = from_environment({"TENFOLD_FEEDS": "f", "TENFOLD_KEY": "tfk_abcdefgh_secret"})
    assert settings.headers == {"Authorization": "Bearer tfk_abcdefgh_secret"}
    assert "secret" not in repr(settings)
    assert from_environment({"TENFOLD_FEEDS": "f"}).headers == {}
    with pytest.raises(InputError) as caught:
        from_environment({"TENFOLD_FEEDS": "f", "TENFOLD_KEY": "tfk_x\r\nsecret"})
    assert "secret" not in str(caught.value)


def test_only_a_plain_breakpoint_breaks():
    assert from_environment({"TENFOLD_FEEDS": "f", "TENFOLD_LOAD_SHAPE": "breakpoint"}).breaking
    both = {"TENFOLD_FEEDS": "f", "TENFOLD_LOAD_SHAPE": "breakpoint", "TENFOLD_LOAD_STEPS": "1"}
    assert not from_environment(both).breaking


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"TENFOLD_FEEDS": "f", "TENFOLD_LOAD_STEPS": "fast"},
        {"TENFOLD_FEEDS": "f", "TENFOLD_LOAD_STEPS": "0"},
        {"TENFOLD_FEEDS": "f", "TENFOLD_LOAD_STEP_S": "long"},
        {"TENFOLD_FEEDS": "f", "TENFOLD_LOAD_MISSED": "-1"},
        {"TENFOLD_FEEDS": "f", "TENFOLD_LOAD_MISSED": "nan"},
    ],
)
def test_what_makes_no_sense_is_one_line(values):
    with pytest.raises(InputError, match="TENFOLD_"):
        from_environment(values)


def test_an_unknown_shape_names_those_that_there_are():
    with pytest.raises(InputError, match=r"no load shape is called 'moon'; there are tokyo, paris"):
        from_environment({"TENFOLD_FEEDS": "f", "TENFOLD_LOAD_SHAPE": "moon"})
