"""``tenfold lab``: the namespaces and the veth pair in which frames may go onto a wire."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.output import JsonFlag, note, print_json, stdout_console


class Action(StrEnum):
    """What to do with the lab."""

    UP = "up"
    DOWN = "down"
    STATUS = "status"


def command(
    action: Annotated[Action, typer.Argument(help="up makes it, down removes it, status shows it.")],
    mtu: Annotated[int, typer.Option(help="Longest packet on the wire, for up.")] = 1500,
    json_: JsonFlag = False,
) -> None:
    """Make, remove or show the lab: two network namespaces without a way out, joined by a veth pair (needs root)."""
    from generator.lab import namespaces

    if action is Action.UP:
        document = namespaces.up(mtu=mtu)
    elif action is Action.DOWN:
        document = namespaces.down()
    else:
        document = namespaces.status()
    if json_:
        print_json(document)
        return
    _show(document)
    note("the lab is up" if document["up"] else "the lab is down; `tenfold lab up` (as root) makes it")


def _show(document: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table("end", "namespace", "interface", "state", "MAC", "MTU", "way out", "received", "sent", "dropped")
    for name in ("send", "listen"):
        end = document[name]
        state = "up" if end["up"] else "down" if end["exists"] else "absent"
        way = "default route" if end["default_route"] else "forwards" if end["forwarding"] else "none"
        figures = [f"{end[key]:,}" for key in ("received", "sent", "dropped")]
        table.add_row(name, end["namespace"], end["interface"], state, end["mac"], str(end["mtu"]), way, *figures)
    stdout_console().print(table)
