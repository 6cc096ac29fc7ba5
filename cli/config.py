"""``tenfold config``: the one configuration file, written and checked."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli.output import JsonFlag, note, print_json
from contract.errors import TenfoldError
from contract.files import write_new

_DEFAULT: Final = Path("tenfold.toml")


class Action(StrEnum):
    """What to do with the file."""

    INIT = "init"
    CHECK = "check"


def command(
    action: Annotated[Action, typer.Argument(help="init writes the commented default, check says what is wrong.")],
    path: Annotated[Path, typer.Argument(help="The file.")] = _DEFAULT,
    json_: JsonFlag = False,
) -> None:
    """Write the commented configuration file, or check one: allow-lists, thresholds, muting, severities, limits."""
    document = _init(path) if action is Action.INIT else _check(path)
    if json_:
        print_json(document)
    elif action is Action.INIT:
        typer.echo(str(path))
    else:
        _show(path, document)
    if document.get("problems"):
        raise typer.Exit(TenfoldError.exit_code)


def _init(path: Path) -> dict[str, Any]:
    from detector.config_text import default_text

    write_new(path, default_text())
    return {"path": str(path)}


def _check(path: Path) -> dict[str, Any]:
    from detector.config_file import Problem, check

    def shown(problems: list[Problem]) -> list[dict[str, Any]]:
        return [{"line": one.line, "key": one.key, "text": one.text} for one in problems]

    found = check(path)
    return {
        "path": str(path),
        "problems": shown(found.problems),
        "warnings": shown(found.warnings),
        "tables": found.counts,
    }


def _show(path: Path, document: dict[str, Any]) -> None:
    for word, rows in (("", document["problems"]), ("warning: ", document["warnings"])):
        for row in rows:
            place = f"{path}:{row['line']}" if row["line"] else str(path)
            typer.echo(f"{place}: {word}{row['key']}: {row['text']}" if row["key"] else f"{place}: {word}{row['text']}")
    if document["problems"]:
        note(f"tenfold: {path}: {len(document['problems'])} to be put right; nothing of it is used until then")
        return
    words = {"allow": "allowed", "mute": "muted", "families": "families with bars of their own", "assets": "assets"}
    words |= {"outputs": "outputs"} if document["tables"].get("outputs") else {}
    counts = ", ".join(f"{document['tables'].get(name, 0)} {word}" for name, word in words.items())
    typer.echo(f"{path}: sound ({counts})")
