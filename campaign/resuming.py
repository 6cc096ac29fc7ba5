"""After a detector has died: what it told of the batches that were sent to it is not sent to the next one.

What it told are the flows that it wrote into the store. A frame of a flow that was still open then is in none, so the
next detector gets it again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from campaign.frame_batches import spooled
from campaign.sent_log import Place, SentLog
from campaign.spool import Batch
from contract.arrow_io import write_stream
from contract.files import write_synced
from contract.frontier import Frontier
from contract.schemas import FRAMES
from store.reader import StoreReader

if TYPE_CHECKING:
    from campaign.ended_flows import EndedFlows
    from detector.frame_keys import FrameKeys


Left = Callable[[Path, Place], bytes | None]
"""What is left to be sent of a file that lay there in the stream: a stream, b"" for nothing, None for all of it."""


def cut_down(
    folder: Path,
    log: SentLog,
    batches: Sequence[Batch],
    left_in: Callable[[StoreReader, Frontier, Sequence[Batch]], Left] | None = None,
) -> set[str]:
    """Cut spooled batches down to what the store in ``folder`` was not told of; the names of those wholly told.

    The store says so itself, by the key of its last commit: how far the stream was told. ``left_in`` says what that
    means for batches that were sent (``frames_left`` where it is not given). To be asked when the store's next writer
    has opened it, and with that recovered it. Raises ``OSError``, and ``InputError`` where it cannot be read.
    """
    stream, places = log.read()
    done: set[str] = set()
    with StoreReader(folder) as store:
        frontier = Frontier.parse(store.last_key())
        sent = [batch for batch in batches if batch.name in places]
        if frontier is None or frontier.stream != stream or not sent:
            return done
        left_of = (left_in or frames_left)(store, frontier, sent)
    for batch in sent:
        left = left_of(batch.path, places[batch.name])
        if left == b"":
            done.add(batch.name)
        elif left is not None:
            came = batch.path.stat().st_mtime_ns  # by which batches are put in order when they are found again
            write_synced(batch.path, left)
            os.utime(batch.path, ns=(came, came))
    return done


def frames_left(store: StoreReader, frontier: Frontier, sent: Sequence[Batch], config: Path | None = None) -> Left:
    """Of batches of frames: the store's flows say which frames were told. ``config`` is the detectors' file.

    Raises ``OSError``, and ``InputError`` where it cannot be read.
    """
    # Here, since whoever serves requests need not load what frames are read with.
    from campaign.ended_flows import EndedFlows
    from detector.config_file import read
    from detector.frame_keys import FrameKeys

    tunnels = read(config).tunnels if config else "outer"
    ended, keys = EndedFlows(store, min(_oldest(batch.path) for batch in sent)), FrameKeys(tunnels)
    return lambda path, place: untold(path, frontier, place, ended, keys)


def untold(path: Path, frontier: Frontier, place: Place, ended: EndedFlows, keys: FrameKeys) -> bytes | None:
    """What is to be sent again of a spooled batch that was sent before, as a stream; b"" where nothing is.

    None where all of it is to be sent, or the file is not what was sent then, because it was cut down before.
    """
    with spooled(path) as batches:
        found = [keys.of(rows) for rows in batches]  # also of what is sent again: it may hold a first fragment
        rows = pa.Table.from_batches(batches, FRAMES)
        if rows.num_rows != place.frames:
            return None
        ts = _times(rows)
        left = frontier.untold(place.first, ts)
        at = 0
        for one in found:
            here = slice(at, at + len(one.protocol))
            left[here] |= ended.lack(one, ts[here])
            at = here.stop
        if left.all():
            return None
        return write_stream(rows.filter(pa.array(left)).combine_chunks().to_batches(), FRAMES) if left.any() else b""


def _oldest(path: Path) -> int:
    """The time of the oldest frame of a spooled batch."""
    with spooled(path) as batches:
        return min((int(_times(rows).min()) for rows in batches), default=0)


def _times(rows: pa.Table | pa.RecordBatch) -> npt.NDArray[np.int64]:
    return np.asarray(rows.column("ts").cast(pa.int64()))
