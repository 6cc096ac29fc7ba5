"""The outputs of a store as a process of their own, a thread each: none makes the detector, or another one, wait.

``python -m store.outputs.service --store DIR --settings FILE.json --state DIR``

SIGTERM ends it: what can be delivered within ``--drain`` seconds is, the rest waits for the next one. SIGHUP reopens
files. The settings are ``{"origin": {...}, "outputs": [...]}`` as ``campaign.outputs`` writes them.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from contract.errors import InputError, LackingError, TenfoldError
from contract.files import read_json
from store.feed import Feed
from store.formats.base import Origin
from store.layout import DATABASE
from store.outputs.base import Following, Target
from store.outputs.follower import POLL_S, Follower
from store.outputs.registry import complete, kinds
from store.outputs.state import State

DRAIN_S: Final = 5.0
_MOST_SETTINGS: Final = 1 << 22
_LOCK: Final = "lock"
_MADE_S: Final = 10.0  # for the writer to make its tables


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the service; returns the exit code of the public contract."""
    options = _parser().parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    targets: list[Target | Following] = []

    def reopen(*_: object) -> None:
        for target in targets:
            target.reopen()

    signal.signal(signal.SIGHUP, reopen)
    try:
        document = read_json(options.settings, "file of settings", _MOST_SETTINGS)
        if not isinstance(document, dict) or not {"origin", "outputs"} <= document.keys():
            raise InputError(f"{options.settings}: not settings of outputs: origin and outputs are needed")
        follow(options.store, options.state, document, stop, targets, options.drain)
    except TenfoldError as error:
        sys.stderr.write(f"store.outputs.service: {error}\n")
        return error.exit_code
    return 0


def follow(
    store: Path,
    folder: Path,
    document: Mapping[str, Any],
    stop: threading.Event,
    targets: list[Target | Following],
    drain_s: float = DRAIN_S,
) -> None:
    """Follow a store, which may not be there yet, for each output of the settings, until ``stop`` is set.

    ``targets`` is filled with those that are open. Raises ``InputError`` where an output cannot be made, or another
    process follows already; ``LackingError`` with the first thing that ended one of them.
    """
    origin = Origin(**document["origin"])
    folder.mkdir(parents=True, exist_ok=True)
    lock = _locked(folder)
    errors: list[TenfoldError] = []
    try:
        made = [_made(complete(values), origin, store, folder) for values in document["outputs"]]
        targets += [target for _, target, _ in made]
        while not (store / DATABASE).is_file():
            if stop.wait(POLL_S):
                return
        threads = [
            threading.Thread(target=_one, args=(store, origin, *parts, stop, drain_s, errors), name=parts[2].name)
            for parts in made
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        os.close(lock)
    if errors:
        raise errors[0]


def _made(
    values: dict[str, Any], origin: Origin, store: Path, folder: Path
) -> tuple[dict[str, Any], Target | Following, State]:
    target = kinds()[values["kind"]].make(values, origin, store)
    return values, target, State.load(folder, values["name"], values.get("dead_mb", 0))


def _one(
    store: Path,
    origin: Origin,
    values: dict[str, Any],
    target: Target | Following,
    state: State,
    stop: threading.Event,
    drain_s: float,
    errors: list[TenfoldError],
) -> None:
    try:
        with _feed(store, stop) as feed:
            if isinstance(target, Following):
                target.follow(feed, state, stop, drain_s)
            else:
                Follower(feed, values, origin, target, state, stop, drain_s).run()
    except TenfoldError as error:
        state.word, state.error = "failed", str(error)
        sys.stderr.write(f"store.outputs.service: {state.name}: {error}\n")
        errors.append(error)
    finally:
        target.close()


def _feed(store: Path, stop: threading.Event) -> Feed:
    """The store, as soon as its writer has made it. Raises ``InputError`` where it is none."""
    until = time.monotonic() + _MADE_S
    while True:
        try:
            return Feed(store)
        except InputError:
            if time.monotonic() > until or stop.is_set():
                raise
        stop.wait(POLL_S)


def _locked(folder: Path) -> int:
    """Hold the folder of the states: two followers would tell everything twice. Raises ``InputError``."""
    try:
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LackingError(f"{folder}: cannot write: {error.strerror}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise InputError(f"{folder}: another process delivers these outputs already") from None
    return handle


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m store.outputs.service", description=__doc__)
    parser.add_argument("--store", type=Path, required=True, help="folder of the store")
    parser.add_argument("--settings", type=Path, required=True, help="what to do, as JSON")
    parser.add_argument("--state", type=Path, required=True, help="folder of cursors, counts and dead letters")
    parser.add_argument("--drain", type=float, default=DRAIN_S, help="seconds for the rest once asked to end")
    return parser


if __name__ == "__main__":
    sys.exit(main())
