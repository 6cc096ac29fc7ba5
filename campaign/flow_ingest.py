"""Flow batches of remote sensors: kept on disk before anybody says so, then handed to a detector of their own.

As ``campaign.ingest``, but the child is told where a batch lies instead of being sent it: a line with the file's name.
"""

from __future__ import annotations

from typing import Any

from campaign.ingest import SPOOL, Ingest
from campaign.processes import Child
from campaign.spool import Batch
from contract.flow_batch import read_batch


class FlowIngest(Ingest):
    """Takes flow batches. When every sensor has said that it is done, the child ends; the next batch gets a new one."""

    unit = "rows"
    more_arguments = ("--flows", SPOOL, "--once")
    child_may_end = True

    def _stream(self, sink: Any, child: Child) -> None:  # noqa: ANN401 - a buffered socket file
        def send(batch: Batch) -> int:
            sink.write(f"{batch.path.name}\n".encode())
            sink.flush()
            return 1

        self._each(child, send)

    def check(self, data: bytes) -> None:
        """As of batches of frames."""
        read_batch(data, "batch")

    def _counted(self) -> tuple[int, int]:
        """How many batches the child has taken, by its own word."""
        sensing = self.status().get("sensing")
        found = sensing.get("batches") if isinstance(sensing, dict) else 0
        return (found, found) if isinstance(found, int) else (0, 0)
