"""The workflow that is there to be copied: sound YAML, steps that a hosted CI takes, options that the command has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from cli.main import build_app

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / "examples").glob("*.yml"))


class Strict(yaml.SafeLoader):
    """Refuses a key that stands twice: YAML lets the last one win."""


def _mapping(loader: Strict, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
    assert len(keys) == len(set(keys)), f"line {node.start_mark.line + 1}: a key stands twice among {keys}"
    loader.flatten_mapping(node)  # `<<`: what stands there itself wins
    return dict(loader.construct_pairs(node, deep=True))


Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


@pytest.fixture(scope="module", params=WORKFLOWS, ids=lambda path: path.name)
def workflow(request: pytest.FixtureRequest) -> dict[Any, Any]:
    text = request.param.read_text(encoding="utf-8")
    assert "\t" not in text
    loaded: dict[Any, Any] = yaml.load(text, Strict)
    return loaded


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_there_is_one() -> None:
    assert WORKFLOWS


def test_a_key_that_stands_twice_is_found() -> None:
    with pytest.raises(AssertionError, match="line 1: a key stands twice"):
        yaml.load("a: 1\na: 2\n", Strict)


def test_it_has_what_a_workflow_needs(workflow: dict[Any, Any]) -> None:
    assert set(workflow) == {"name", True, "permissions", "concurrency", "jobs"}  # YAML 1.1 reads the key `on` as true
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 60
        assert re.fullmatch(r"ubuntu-\d\d\.04", job["runs-on"])


def test_each_step_is_an_action_of_a_version_or_a_script(workflow: dict[Any, Any]) -> None:
    for step in steps(workflow):
        assert ("uses" in step) != ("run" in step)
        assert set(step) <= {"uses", "run", "with", "env", "if", "name"}
        if "uses" in step:
            assert re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"])
        else:
            assert "${{" not in step["run"], "what others write must not become part of a script: hand it over by env"


def test_every_option_that_it_gives_exists(workflow: dict[Any, Any]) -> None:
    command = typer.main.get_command(build_app()).commands["check"]  # type: ignore[attr-defined]  # a group has them
    known = {option for parameter in command.params for option in parameter.opts}
    calls = re.findall(r"tenfold check ([^\n]+)", "\n".join(step.get("run", "") for step in steps(workflow)))
    assert len(calls) == 2
    for call in calls:
        assert set(re.findall(r"--[\w-]+", call)) <= known
