"""The front door: a real process where what a process does is asked, else ``main`` in this one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer.testing

from cli.main import build_app, main
from tests.cli.helpers import tenfold as here

ROOT = Path(__file__).parents[2]
COMMANDS = sorted(p.stem for p in (ROOT / "cli").glob("*.py") if p.stem not in {"__init__", "main", "output"})


def tenfold(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_help_lists_every_command() -> None:
    result = tenfold("--help")
    assert result.returncode == 0
    for command in COMMANDS:
        assert command.replace("_", "-") in result.stdout


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    """The commands in this process: thirty starts of the interpreter would tell no more of their help."""
    return build_app()


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_and_json(app: typer.Typer, command: str) -> None:
    result = typer.testing.CliRunner().invoke(app, [command.replace("_", "-"), "--help"])
    assert result.exit_code == 0
    assert "--json" in result.stdout


def test_help_is_quick_because_nothing_heavy_is_imported() -> None:
    heavy = ("pyarrow", "numba", "scapy", "sklearn", "fastapi", "locust")
    script = f"import sys; from cli.main import build_app; build_app(); print([m for m in {heavy} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_version() -> None:
    result = here("--version")
    assert result.returncode == 0
    assert result.stdout.startswith("tenfold ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["families", "--nonsense"],
        ["families", "stray", "stray"],
        ["detect"],
        ["serve", "--port"],
        ["lab", "sideways"],
        ["run", "smoke", "--sites", "x"],
    ],
)
def test_bad_usage_is_exit_2_and_one_line(arguments: list[str]) -> None:
    result = here(*arguments)
    assert result.returncode == 2
    assert result.stderr.startswith("tenfold: ")
    assert result.stderr.endswith("--help`\n")
    assert result.stderr.count("\n") == 1
    assert "Value error" not in result.stderr
    assert result.stdout == ""


def test_a_name_that_the_file_system_refuses_is_one_line() -> None:
    result = tenfold("score", "x" * 300)
    assert result.returncode == 2
    assert result.stderr == f"tenfold: {'x' * 300}: File name too long\n"
    assert result.stdout == ""


def test_too_little_memory_is_one_line_and_exit_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def starve() -> None:
        raise MemoryError

    monkeypatch.setattr("cli.main.build_app", starve)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 3
    assert capsys.readouterr().err == "tenfold: not enough memory: for what was asked; ask for less, or use more\n"


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -m cli.main families --json | head -c 1"
    result = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.stderr == ""


def test_families_as_json() -> None:
    document = json.loads(here("families", "--json").stdout)
    syn = next(row for row in document if row["id"] == "syn_flood")
    assert syn["technique"] == "T1498.001"
    assert syn["tactic_name"] == "Impact"
