"""``tenfold families``: every family of attack and of ordinary traffic."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer

from cli.output import JsonFlag, print_json, stdout_console
from contract.families import TACTICS, TECHNIQUES, Family, catalogue


def command(
    family: Annotated[str | None, typer.Argument(help="Only this one: what varies in it, and its parameters.")] = None,
    json_: JsonFlag = False,
) -> None:
    """List the families: group, ATT&CK technique and tactic; or tell what the generator varies in one."""
    if family is not None:
        _tell(family, json_=json_)
        return
    rows = sorted(catalogue().values(), key=lambda family: (not family.attack, family.group, family.id))
    if json_:
        print_json([_row(family) for family in rows])
        return
    from rich.table import Table

    table = Table("family", "group", "technique", "what it is")
    for row in rows:
        table.add_row(row.id, row.group, row.technique, row.summary)
    stdout_console().print(table)


def _row(family: Family) -> dict[str, Any]:
    named = {"technique_name": TECHNIQUES.get(family.technique, ""), "tactic_name": TACTICS.get(family.tactic, "")}
    return asdict(family) | named


def _tell(name: str, *, json_: bool) -> None:
    from generator.params import accepted
    from generator.registry import documentation

    text, takes = documentation(name), accepted(name)
    if json_:
        print_json(_row(catalogue()[name]) | {"documentation": text, "parameters": takes})
        return
    about = catalogue()[name]
    technique = f", {about.technique} {TECHNIQUES[about.technique]}" if about.attack else ""
    sys.stdout.write(f"{about.id}: {about.title} ({about.group}{technique})\n\n{text}\n\n")
    sys.stdout.write(f"Parameters (`params` of its share in a scenario): {', '.join(takes) or 'none'}\n")
