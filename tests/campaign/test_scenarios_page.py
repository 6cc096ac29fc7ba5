"""docs/scenarios.md names every key that a scenario file may have, and its example is one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from campaign import scenario_file
from campaign.scenario_file import parse
from generator import arrivals
from generator.curve_shapes import SHAPES
from generator.workload import PATH

TEXT = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")
KEYS = {
    "top": scenario_file._KEYS,
    "share": scenario_file._SHARE_KEYS,
    "zone": scenario_file._ZONE_KEYS,
    "target": scenario_file._TARGET_KEYS,
    "path": PATH,
    "shape": SHAPES,
    "model": arrivals.names(),
}


@pytest.mark.parametrize("kind", KEYS)
def test_every_key_is_on_the_page(kind: str) -> None:
    for key in KEYS[kind]:
        assert f"`{key}`" in TEXT, f"docs/scenarios.md does not explain {key}"


def test_every_parameter_of_shapes_and_models_is_on_the_page() -> None:
    shapes = {name: params for name, (_, params) in SHAPES.items()}
    models = {name: arrivals.model(name).PARAMS for name in arrivals.names()}
    for params in (*shapes.values(), *models.values()):
        for name in params:
            assert f"`{name}`" in TEXT, f"docs/scenarios.md does not explain {name}"


def test_its_example_is_a_scenario() -> None:
    example = re.search(r"```toml\n(title.*?)```", TEXT, re.DOTALL)
    assert example
    scenario = parse(example.group(1), "example", "docs/scenarios.md")
    assert (scenario.match, scenario.duration_s) == ("shape", 120)
    assert {share.family for share in scenario.attacks} == {"syn_flood", "ssh_bruteforce"}


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    from generator.plan import PART, WHOLE
    from generator.points import MOST_VALUES

    for number in (PART, WHOLE, MOST_VALUES):
        assert f"{number:,}" in TEXT
