"""One shard as a process of its own: ``detector.shard_processes`` starts it and says what to do.

``python -m detector.shard_worker SETUP`` with the setup as JSON; orders come on stdin, an answer for each goes to
stdout. It ends when stdin does.
"""

from __future__ import annotations

import json
import mmap
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from detector.flow_life import Limits
from detector.shard_processes import DONE, ORDER, WORK, carve, seen
from detector.shards import Part


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is asked until nobody asks any more."""
    setup = json.loads((sys.argv[1:] if arguments is None else arguments)[0])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us ends in order, and then we do
    part = open_part(setup)
    os.write(1, DONE)
    while order := _read(ORDER.size):
        number, *numbers = ORDER.unpack(order)
        work = getattr(part, WORK[number])
        work(*numbers[: work.__code__.co_argcount - 1])
        os.write(1, DONE)
    return 0


def open_part(setup: dict[str, Any]) -> Part:
    """The part, over the memory that was handed on."""
    size = os.fstat(setup["file"]).st_size
    memory, frames, _ = carve(mmap.mmap(setup["file"], size), setup["capacity"], setup["shards"], fresh=False)
    limits = setup["limits"]
    part = Part(setup["number"], memory, limits_of(limits))
    part.columns = seen(frames)
    return part


def limits_of(numbers: Sequence[int]) -> Limits:
    """Limits as they were told."""
    seed = Limits._fields.index("seed")
    return Limits(*numbers)._replace(seed=np.uint64(numbers[seed]))  # type: ignore[arg-type]  # as they were counted


def _read(size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = os.read(0, size - len(data))
        if not more:
            return b""
        data += more
    return data


if __name__ == "__main__":
    sys.exit(main())
