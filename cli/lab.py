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

    ends = (document["send"], document["listen"])

    def way_out(end: dict[str, Any]) -> str:
        return "default route" if end["default_route"] else "forwards" if end["forwarding"] else "none"

    table = Table("", "send", "listen")
    for name in ("namespace", "interface"):
        table.add_row(name, *(end[name] for end in ends))
    table.add_row("state", *("up" if end["up"] else "down" if end["exists"] else "absent" for end in ends))
    table.add_row("MAC", *(end["mac"] for end in ends))
    table.add_row("MTU", *(str(end["mtu"]) for end in ends))
    table.add_row("way out", *map(way_out, ends))
    for name in ("received", "sent", "dropped"):
        table.add_row(name, *(f"{end[name]:,}" for end in ends))
    stdout_console().print(table)
