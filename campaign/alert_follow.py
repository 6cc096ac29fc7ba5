"""Follows a detector's alerts while a campaign runs, and records each line with the time at which it could be read.

``python -m campaign.alert_follow --alerts PATH... --format F --out FOLDER --status FILE --clock ANCHOR``. What it
records is what any later judging reads: ``FOLDER/NAME`` with the lines, ``FOLDER/NAME.read`` with one int64 (epoch ns)
a line. SIGTERM asks it to end: it does when nothing new has come for ``--settle`` seconds.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO, Final

import numpy as np

from campaign.adapters import Adapter, adapter
from campaign.alert_files import READ_TIMES
from campaign.alert_socket import DATAGRAM, STREAM, Listener
from campaign.alert_tail import Tail
from campaign.runfolder import write_json
from contract.clock import Clock
from contract.errors import InputError, TenfoldError

POLL_S: Final = 0.005  # how finely it is known when a line could be read
_STATUS_S: Final = 0.2
_FOLDER_S: Final = 0.25
_LONGEST_S: Final = 170.0  # after it was asked to end
Json = dict[str, Any]


class Follower:
    """All sources of one detector."""

    def __init__(self, alerts: list[str], kind: Adapter, out: Path, clock: Clock) -> None:
        self.lines_read = 0
        self._kind, self._out, self._clock = kind, out, clock
        self._header = 1 if kind.name == "csv" else 0
        self._sources: dict[str, Tail | Listener] = {}
        self._folders: list[Path] = []
        self._records: dict[str, tuple[BinaryIO, BinaryIO]] = {}
        out.mkdir(parents=True, exist_ok=True)
        for place in alerts:
            if place.startswith((STREAM, DATAGRAM)):
                datagrams = place.startswith(DATAGRAM)
                path = Path(place.partition(":")[2])
                self._sources[place] = Listener(path, datagrams=datagrams)
            elif Path(place).is_dir():
                self._folders.append(Path(place))
            else:
                self._sources[place] = Tail(Path(place), header_lines=self._header)
        self.look_for_files(whole=False)

    def look_for_files(self, *, whole: bool = True) -> None:
        """Follow what has appeared in a folder; a log that was renamed is followed already."""
        known = {one.inode for one in self._sources.values() if isinstance(one, Tail)}
        for folder in self._folders:
            for pattern in self._kind.files:
                for path in folder.glob(pattern):
                    if str(path) not in self._sources and path.is_file() and path.stat().st_ino not in known:
                        self._sources[str(path)] = Tail(path, header_lines=self._header, whole=whole)

    def poll(self) -> int:
        """Record what has come; how many lines."""
        count = 0
        for place, source in self._sources.items():
            lines = source.lines()
            if lines:
                self._record(place, lines)
                count += len(lines)
        self.lines_read += count
        return count

    def status(self, state: str) -> Json:
        """What the campaign wants to know."""
        tails = [one for one in self._sources.values() if isinstance(one, Tail)]
        notes = []
        if cut := sum(one.truncations for one in tails):
            notes.append(
                f"a file of alerts was truncated {cut} times under us: what was written to it between our last look "
                "and that is not known"
            )
        return {
            "state": state,
            "lines": self.lines_read,
            "sources": sorted(self._sources),
            "rotations": sum(one.rotations for one in tails),
            "truncations": cut,
            "notes": notes,
        }

    def close(self) -> None:
        """Let go of everything."""
        for source in self._sources.values():
            source.close()
        for pair in self._records.values():
            for file in pair:
                file.close()

    def _record(self, place: str, lines: list[bytes]) -> None:
        if place not in self._records:
            name = Path(place.rpartition(":")[2]).name
            taken = {Path(file.name).name for file, _ in self._records.values()}
            name = name if name not in taken else f"{len(taken)}-{name}"
            paths = (self._out / name, self._out / (name + READ_TIMES))
            self._records[place] = (paths[0].open("ab"), paths[1].open("ab"))
        now = self._clock.now_ns()
        text, times = self._records[place]
        text.write(b"\n".join(lines) + b"\n")
        np.full(len(lines), now, np.int64).tofile(times)
        text.flush()
        times.flush()


def main(arguments: list[str]) -> int:
    """Follow until asked to end."""
    parser = argparse.ArgumentParser(prog="campaign.alert_follow")
    parser.add_argument("--alerts", action="append", required=True)
    parser.add_argument("--format", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--status", required=True, type=Path)
    parser.add_argument("--clock", required=True)
    parser.add_argument("--settle", type=float, default=5.0)
    options = parser.parse_args(arguments)
    asked: list[float] = []

    def stop(_number: int, _frame: FrameType | None) -> None:
        asked.append(time.monotonic())

    signal.signal(signal.SIGTERM, stop)
    try:
        follower = Follower(options.alerts, adapter(options.format), options.out, Clock.from_anchor(options.clock))
    except TenfoldError as error:
        sys.stderr.write(f"{error}\n")
        return InputError.exit_code
    try:
        _follow(follower, options.status, options.settle, asked)
    finally:
        follower.close()
    write_json(options.status, follower.status("done"))
    return 0


def _follow(follower: Follower, status: Path, settle_s: float, asked: list[float]) -> None:
    newest = told = looked = 0.0
    while True:
        now = time.monotonic()
        if now - looked >= _FOLDER_S:
            follower.look_for_files()
            looked = now
        if follower.poll():
            newest = now
        if now - told >= _STATUS_S:
            write_json(status, follower.status("listening"))
            told = now
        if asked and (now - max(newest, asked[0]) >= settle_s or now - asked[0] > _LONGEST_S):
            return
        time.sleep(POLL_S)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
