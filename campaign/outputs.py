"""Outputs beside a campaign or a live detection: the follower's process, and what it is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from campaign.processes import Children, Kept
from campaign.runfolder import read_json, write_json
from detector.live_settings import text_of
from store.formats.base import Origin

FOLDER: Final = "outputs"
SETTINGS: Final = "settings.json"
_SECRETS: Final = ("secret_file", "token_file", "ca_file")
_MODULE: Final = "store.outputs.service"


def configured(config: Path | None, text: str | None = None) -> list[dict[str, Any]]:
    """The ``[[outputs]]`` of a configuration file, files that it names as seen from its folder; none without a file.

    ``text`` is what the file holds, where that was read before. Raises ``InputError`` where it cannot be read.
    """
    if config is None:
        return []
    from detector.config_file import parse  # loads what detectors load: not where there is no file

    found = parse(text_of(config) if text is None else text, datetime.now(UTC)).outputs
    place = config.absolute().parent
    return [one | {name: str(place / one[name]) for name in _SECRETS if one.get(name)} for one in found]


@contextmanager
def beside(outputs: list[dict[str, Any]], store: Path, origin: Origin) -> Iterator[None]:
    """Outputs that follow a store while the ``with`` block lasts, and for seconds more if something waits then."""
    with Children() as children:
        if outputs:
            start(children, outputs, store, origin)
        yield


def prepare(outputs: list[dict[str, Any]], store: Path, origin: Origin) -> list[str]:
    """Write down what the follower of a store is to do; the arguments with which it is started."""
    folder = store.absolute() / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / SETTINGS, {"origin": asdict(origin), "outputs": outputs})
    return ["--store", str(store.absolute()), "--settings", str(folder / SETTINGS), "--state", str(folder)]


def start(children: Children, outputs: list[dict[str, Any]], store: Path, origin: Origin) -> Kept:
    """Start the follower of a store, again where it dies. It gives way to sender and detector."""
    arguments = prepare(outputs, store, origin)
    log = store.absolute() / "logs" / "outputs.log"
    return children.keep(_MODULE, arguments, folder=store.absolute(), log=log, niceness=10)


def states(store: Path) -> list[dict[str, Any]]:
    """How far each output of a store is, by name."""
    folder = store / FOLDER
    paths = sorted(path for path in folder.glob("*.json") if path.name != SETTINGS)
    return [read_json(path) for path in paths]
