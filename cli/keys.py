"""``tenfold keys``: who may ask the service for what."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.output import JsonFlag, KeysFlag, note, print_json, stdout_console
from contract.errors import InputError

if TYPE_CHECKING:
    from api.key_file import Key

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Action(StrEnum):
    """What to do with the keys."""

    ADD = "add"
    LIST = "list"
    REVOKE = "revoke"


def command(
    action: Annotated[Action, typer.Argument(help="add makes a key, list shows all, revoke ends one.")],
    name: Annotated[str, typer.Argument(help="add: who or what uses the key; revoke: its id, or its name.")] = "",
    scopes: Annotated[
        str, typer.Option(help="What it may: read, operate, ingest, admin, with commas; none holds another.")
    ] = "read",
    expires: Annotated[
        str | None, typer.Option(help="When it ends: 12h, 30d, 8w, or a day (UTC) such as 2027-01-31.")
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Requests a second, where it has its own limit.")] = None,
    keys: KeysFlag = None,
    json_: JsonFlag = False,
) -> None:
    """Make, list and revoke API keys. The key itself is shown once, when it is made; the file keeps its hash."""
    from api import key_file

    path = keys or key_file.DEFAULT_FILE
    if action is Action.LIST:
        _list(key_file.read(path), path, json_=json_)
        return
    if not name:
        who = "who or what uses the key" if action is Action.ADD else "which key"
        raise InputError(f"tenfold keys {action} NAME: say {who}")
    if action is Action.ADD:
        _add(path, name, scopes, expires, rate, json_=json_)
    else:
        _revoke(path, name, json_=json_)


def _add(path: Path, name: str, scopes: str, expires: str | None, rate: float | None, *, json_: bool) -> None:
    from api import key_file

    wanted = [scope for part in scopes.split(",") if (scope := part.strip())]
    key, text = key_file.new_key(name, wanted, _moment(expires), rate)
    key_file.change(path, lambda known: [*known, key])
    if json_:
        print_json({**_row(key), "key": text, "file": str(path)})
        return
    typer.echo(text)
    note(f"key {key.id} ({key.name}: {', '.join(key.scopes)}) is in {path}; it is shown this once, keep it now")


def _revoke(path: Path, which: str, *, json_: bool) -> None:
    from api import key_file

    key_file.read(path)  # a file that is not there is an error here
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    ended: list[Key] = []

    def end(known: list[Key]) -> list[Key]:
        found = [key for key in known if which in (key.id, key.name) and key.revoked is None]
        if not found:
            raise InputError(f"{path} holds no key {which!r} that is not revoked; `tenfold keys list` shows them")
        if len(found) > 1:
            ids = ", ".join(key.id for key in found)
            raise InputError(f"{len(found)} keys are called {which!r} ({ids}); revoke one by its id")
        ended.append(replace(found[0], revoked=now))
        return [ended[0] if key.id == found[0].id else key for key in known]

    key_file.change(path, end)
    if json_:
        print_json(_row(ended[0]))
    else:
        note(f"key {ended[0].id} ({ended[0].name}) is revoked; a service that runs knows it within a second")


def _list(known: list[Key], path: Path, *, json_: bool) -> None:
    if json_:
        print_json({"file": str(path), "keys": [_row(key) for key in known]})
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("id", "name", "scopes", "state", "made", "ends"):
        table.add_column(title)
    for key in known:
        row = _row(key)
        ends = key.revoked or key.expires or "never"
        table.add_row(f"tfk_{key.id}_…", key.name, ", ".join(key.scopes), row["state"], key.created, ends)
    stdout_console().print(table)


def _row(key: Key) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "state": key.state(now),
        "created": key.created,
        "expires": key.expires,
        "revoked": key.revoked,
        "rate": key.rate,
    }


def _moment(text: str | None) -> datetime | None:
    """When a key ends. Raises ``InputError`` for what is neither a length of time nor a day."""
    if text is None:
        return None
    try:
        if length := re.fullmatch(r"([0-9]{1,4})([mhdw])", text.strip()):
            return datetime.now(UTC) + timedelta(**{_UNITS[length[2]]: int(length[1])})
        moment = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise InputError(f"--expires {text!r} is neither a time (12h, 30d, 8w) nor a day (2027-01-31)") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
