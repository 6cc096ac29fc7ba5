"""What a format is: its name, its media type, and who writes which rows in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, Final, Protocol, TypeAlias

import pyarrow as pa

from contract.errors import InputError

ALERTS: Final = "alerts"
DETECTIONS: Final = "detections"
FLOWS: Final = "flows"
WHATS: Final = (ALERTS, DETECTIONS, FLOWS)
# Alerts as documents (contract.alert.Alert.as_dict, as a reader gives them); else a table of VERDICTS or FLOWS, to
# which a reader may have added ``row`` and ``committed``.
Rows: TypeAlias = list[dict[str, Any]] | pa.Table


@dataclass(frozen=True)
class Origin:
    """Where records come from: ``sensor`` names who saw it, ``interface`` where it listened, ``run`` the run folder.

    Flow ids count within a run, so records of several runs are told apart by ``run``. ``test`` says that the traffic
    was generated or replayed: no real attack.
    """

    run: str = ""
    sensor: str = ""
    interface: str = ""
    test: bool = False


class Writer(Protocol):
    """Takes rows and writes them where it was opened; it leaves the sink open."""

    def write(self, rows: Rows) -> None:
        """Add rows of the kind for which it was opened."""

    def close(self) -> None:
        """Write what is due at the end."""


Encoder = Callable[[Any, Origin], bytes]


@dataclass(frozen=True)
class Format:
    """One format. ``encoders`` gives whole records of each kind as bytes that may be joined, where that can be done.

    Where it cannot (a file with a head or a foot), ``opener`` makes a ``Writer`` from a sink, a kind and the origin.
    """

    name: str
    says: str
    media_type: str
    suffix: str
    encoders: Mapping[str, Encoder] = field(default_factory=dict)
    opener: Callable[[IO[bytes], str, Origin], Writer] | None = None
    whats: tuple[str, ...] = WHATS

    def open(self, sink: IO[bytes], what: str, origin: Origin) -> Writer:
        """A writer of one kind of rows. Raises ``InputError`` where the format has none for that kind."""
        if what not in self.whats:
            raise InputError(f"{self.name} has no form for {what}; it has one for {', '.join(self.whats)}")
        return self.opener(sink, what, origin) if self.opener else _Joined(sink, self.encoders[what], origin)


class _Joined:
    """Writes records one behind the other."""

    def __init__(self, sink: IO[bytes], encoder: Encoder, origin: Origin) -> None:
        self._sink, self._encoder, self._origin = sink, encoder, origin

    def write(self, rows: Rows) -> None:
        self._sink.write(self._encoder(rows, self._origin))

    def close(self) -> None:
        """Records need no end."""
