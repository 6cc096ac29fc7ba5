"""``tenfold families``: every family of attack and of ordinary traffic."""

from __future__ import annotations

from dataclasses import asdict

from cli.output import JsonFlag, print_json, stdout_console
from contract.families import TACTICS, TECHNIQUES, catalogue


def command(json_: JsonFlag = False) -> None:
    """List the families: group, ATT&CK technique and tactic."""
    rows = sorted(catalogue().values(), key=lambda family: (not family.attack, family.group, family.id))
    if json_:
        print_json(
            [
                asdict(f)
                | {"technique_name": TECHNIQUES.get(f.technique, ""), "tactic_name": TACTICS.get(f.tactic, "")}
                for f in rows
            ]
        )
        return
    from rich.table import Table

    table = Table("family", "group", "technique", "what it is")
    for family in rows:
        table.add_row(family.id, family.group, family.technique, family.summary)
    stdout_console().print(table)
