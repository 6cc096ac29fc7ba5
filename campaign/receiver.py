"""The receiving end of a run whose detector is not ours: notes when each frame arrived, and does nothing else with it.

``python -m campaign.receiver --interface IFACE [--netns NS] --received TIMES.npy --status FILE --clock ANCHOR``. The
certificate is made of what it notes. SIGTERM ends it, once it has read what the ring holds by then.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from contract.errors import InputError, TenfoldError
from detector.capture.live_socket import Options, open_rings
from detector.rights import drop_rights

if TYPE_CHECKING:
    from detector.live_inbox import LiveInbox

_STATUS_S: Final = 0.1
_PROGRAM: Final = Path(__file__).parent.parent
Json = dict[str, Any]


def main(arguments: list[str]) -> int:
    """Note what arrives until asked to end."""
    parser = argparse.ArgumentParser(prog="campaign.receiver")
    parser.add_argument("--interface", required=True)
    parser.add_argument("--netns", default="")
    parser.add_argument("--received", required=True, type=Path)
    parser.add_argument("--status", required=True, type=Path)
    parser.add_argument("--clock", required=True)
    options = parser.parse_args(arguments)
    try:
        rings = open_rings(Options(options.interface, options.netns, promiscuous=True))
        drop_rights(_PROGRAM, options.received.parent)
        _receive(options, rings)
    except TenfoldError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _receive(options: argparse.Namespace, rings: Any) -> None:  # noqa: ANN401 - of open rings
    from contract.clock import Clock  # what numpy needs is loaded once the rights are gone
    from detector.live_inbox import LiveInbox

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    inbox = LiveInbox(rings, Clock.from_anchor(options.clock), lab=True, received_times=options.received)
    try:
        _until_stopped(inbox, options.status, stop)
    finally:
        inbox.close()
    if inbox.error is not None:
        raise InputError(str(inbox.error))
    _tell(options.status, inbox, "done")


def _until_stopped(inbox: LiveInbox, status: Path, stop: threading.Event) -> None:
    told, over = 0.0, False
    while not over:
        if stop.is_set():
            inbox.stop()
        _, over = inbox.take(_STATUS_S)
        if time.monotonic() - told >= _STATUS_S:
            told = time.monotonic()
            _tell(status, inbox, "listening")


def _tell(status: Path, inbox: LiveInbox, state: str) -> None:
    from campaign.runfolder import write_json

    write_json(status, {"state": state, **inbox.status(), "ledger": inbox.ledger().as_dict(), "notes": inbox.notes})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
