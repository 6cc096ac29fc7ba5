"""After a detector has died: what it told of the batches that were sent to it is not sent to the next one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from campaign.frame_batches import untold
from campaign.sent_log import SentLog
from campaign.spool import Batch
from contract.files import write_synced
from contract.frontier import Frontier
from store.reader import StoreReader


def cut_down(folder: Path, log: SentLog, batches: Sequence[Batch]) -> set[str]:
    """Cut spooled batches down to what the store in ``folder`` was not told of; the names of those wholly told.

    The store says so itself, by the key of its last commit. To be asked when its next writer has opened it, and with
    that recovered it. Raises ``OSError``, and ``InputError`` where the store cannot be read.
    """
    stream, places = log.read()
    with StoreReader(folder) as reader:
        frontier = Frontier.parse(reader.last_key())
    done: set[str] = set()
    if frontier is None or frontier.stream != stream:
        return done
    for batch in batches:
        if batch.name not in places:
            continue
        left = untold(batch.path, frontier, *places[batch.name])
        if left == b"":
            done.add(batch.name)
        elif left is not None:
            write_synced(batch.path, left)
    return done
