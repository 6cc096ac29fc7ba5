"""Where finished frames go: files and streams."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pyarrow as pa

from contract.errors import InputError


class Sink(Protocol):
    """Takes FRAMES batches in order of time. ``close`` finishes the file; without it nothing stands under its name."""

    def write(self, frames: pa.RecordBatch) -> None:
        """Append these frames."""

    def close(self) -> None:
        """Finish: the file appears under its name, complete."""

    def abort(self) -> None:
        """Give up: remove what was begun."""


def open_sink(path: Path) -> Sink:
    """The sink that the file's name asks for: ``.pcap``, ``.pcapng`` or ``.arrow``. Raises ``InputError``."""
    suffix = path.suffix.lower()
    if suffix == ".pcap":
        from generator.sinks.pcap import PcapSink

        return PcapSink(path)
    if suffix == ".pcapng":
        from generator.sinks.pcapng import PcapngSink

        return PcapngSink(path)
    if suffix == ".arrow":
        from generator.sinks.arrow import ArrowSink

        return ArrowSink(path)
    raise InputError(f"{path}: the name must end in .pcap, .pcapng or .arrow")
