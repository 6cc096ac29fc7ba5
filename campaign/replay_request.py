"""What a user asks a replay for: plain data that travels as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from contract.errors import InputError
from contract.files import read_text
from generator.replay.rewrite import CUTS
from generator.replay.timing import Pace

REQUEST: Final = "replay.json"  # in the folder of a run that replays


@dataclass(frozen=True)
class Request:
    """What a user asks for, as plain data that travels as JSON to the process that makes the frames.

    ``into`` names a scenario (by name or file) or a capture to mix with; the replay begins ``at_s`` seconds into it,
    and ``onto_sites`` lets the victims be sites of that scenario. ``start_ns`` is second 0, ``None`` the capture's own.
    Packets of more than ``mtu`` bytes are left out.
    Raises ``InputError`` where a value makes no sense.
    """

    capture: str
    truth: str | None = None
    pace: Pace = field(default_factory=Pace)
    cut: str = "fill"
    seed: int = 1
    start_ns: int | None = None
    into: str | None = None
    at_s: float = 0.0
    onto_sites: bool = False
    mtu: int | None = None

    def __post_init__(self) -> None:
        if self.cut not in CUTS:
            raise InputError(f"--cut {self.cut!r} is none of {', '.join(CUTS)}")
        if self.seed < 0:
            raise InputError(f"--seed {self.seed} must not be negative")
        if not 0 <= self.at_s <= 7 * 86_400:
            raise InputError(f"--at {self.at_s:g} is not between 0 s and 7 days")
        if (self.at_s or self.onto_sites) and self.into is None:
            raise InputError("--at and --onto-sites go with --into: they say where in a scenario the capture goes")

    def to_json(self) -> str:
        """The request as JSON text."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Request:
        """Read what ``to_json`` wrote. Raises ``InputError`` where it is something else."""
        try:
            document = json.loads(text)
            return cls(**{**document, "pace": Pace(**document["pace"])})
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(f"not a request for a replay: {error}") from None

    @classmethod
    def read(cls, path: Path) -> Request:
        """Read a file that holds what ``to_json`` wrote. Raises ``InputError``."""
        return cls.from_json(read_text(path, "request for a replay", 1 << 20))
