"""The ledger of a whole run: what its processes counted, put together, and what others who counted the same say.

The witnesses share no counter with the stages that they speak of: the fingerprint of the frames that left and the truth
are written by the maker of frames, not by the process that sends; the rows are read back from the store's files; over a
wire there is a receive time for each frame.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from campaign.certifying import wire_ledger
from campaign.outputs import states
from campaign.replay_request import REQUEST
from campaign.runfolder import RunFolder, read_json
from contract.errors import InputError
from contract.ledger import Ledger
from store.layout import DATABASE
from store.reader import StoreReader

OUTPUT: Final = "output "
"""How the stages of outputs begin: what waits for a target at the end of a run is delivered later."""
_SENT: Final = "sender"
_RECEIVED: Final = "receive"
_IN_ORDER: Final = ("done", "stopped")
Json = dict[str, Any]


def run_ledger(folder: RunFolder, sender: Json, detector: Json, wire: int | None, *, foreign: bool = False) -> Ledger:
    """Every stage of a run whose processes have ended, and its witnesses.

    ``wire`` is how many frames the wire's interfaces dropped, None where there was none; ``foreign``: the detector was
    not ours, so the ledger ends with the sender, or with the receiver beside that detector (``detector`` is its word).
    """
    if foreign and wire is None:
        ledger = Ledger.from_dict(sender["ledger"]) if "ledger" in sender else Ledger()
    else:
        ledger = merge_ledgers(sender, detector) if wire is None else wire_ledger(sender, detector, wire)
    if sender.get("state") in _IN_ORDER:
        _what_left(folder, ledger)
    if detector.get("state") == "done" and not (foreign and wire is None):
        _what_arrived(folder, ledger, detector)
    if detector.get("state") == "done" and not foreign:
        _what_is_stored(folder.path, ledger)
    for state in states(folder.path):
        if "ledger" in state:
            told = Ledger.from_dict({"stages": {f"{OUTPUT}{state['output']}": state["ledger"]}})
            ledger.merge(told)
    return ledger


def merge_ledgers(sender: Json, detector: Json) -> Ledger:
    """One ledger from the first frame planned to the last flow stored."""
    ledger = Ledger()
    for status in (sender, detector):
        if "ledger" in status:
            ledger.merge(Ledger.from_dict(status["ledger"]))
    ledger.stage(_SENT)
    ledger.stage(_RECEIVED)
    ledger.link(_SENT, _RECEIVED)
    return ledger


def faults(ledger: Ledger, sender: Json, detector: Json) -> list[str]:
    """Where a run does not balance. One whose processes ended in order holds nothing back either."""
    found = ledger.faults()
    if sender.get("state") in _IN_ORDER and detector.get("state") == "done":
        still = Ledger({name: stage for name, stage in ledger.stages.items() if not name.startswith(OUTPUT)})
        found += still.unsettled()
    return found


def _what_left(folder: RunFolder, ledger: Ledger) -> None:
    frames = read_json(folder.frames).get("frames")
    if isinstance(frames, int):
        ledger.witness("the fingerprint of what left", _SENT, "delivered", frames)
    if not (folder.path / REQUEST).is_file():  # frames of a capture need not belong to a flow
        try:
            told = pq.read_table(folder.truth, columns=["frames"]).column("frames")
        except (OSError, ValueError, KeyError):
            return  # the judge says what is wrong with it
        ledger.witness("the truth", _SENT, "delivered", int(pc.sum(told).as_py() or 0))


def _what_arrived(folder: RunFolder, ledger: Ledger, detector: Json) -> None:
    """Over a wire: the receive times; what came from outside the campaign has none."""
    if folder.received.is_file() and "capture" in ledger.stages and isinstance(detector.get("capture"), dict):
        arrived = len(np.load(folder.received, mmap_mode="r", allow_pickle=False))
        ledger.witness("the receive times", _RECEIVED, "offered", arrived)


def _what_is_stored(store: Path, ledger: Ledger) -> None:
    """Rows that can be read back, and the packets that the stored flows count."""
    if not (store / DATABASE).is_file():
        return
    try:
        with StoreReader(store) as reader:
            flows = packets = 0
            for table in reader.flow_tables():
                flows += table.num_rows
                packets += sum(int(pc.sum(table.column(f"packets_{side}")).as_py() or 0) for side in ("fwd", "bwd"))
            verdicts = sum(table.num_rows for table in reader.verdict_tables())
            told, silenced, writings = len(reader.all_alerts()), len(reader.silenced()), len(reader.alert_revisions())
    except InputError:
        return  # the judge says what is wrong with it
    ledger.witness("the stored flows", "meter", "delivered", packets)
    ledger.witness("the stored flows", "store_flows", "delivered", flows)
    ledger.witness("the stored verdicts", "store_verdicts", "delivered", verdicts)
    ledger.witness("the stored alerts", "alert", "delivered", told)
    ledger.witness("the stored alerts", "alert", "offered", told + silenced)
    ledger.witness("the stored revisions", "store_alerts", "delivered", writings)
