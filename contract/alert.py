"""An alert: verdicts of one cause grouped into one incident, as a SOC engineer sees it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Final

from contract.clock import iso
from contract.families import TACTICS, TECHNIQUES, catalogue

SEVERITIES: Final = ("low", "medium", "high", "critical")
# Incidents that the configuration allows or mutes are kept, and numbered apart from alerts: a verdict's ``alert_id``
# tells them by itself. All fit a number of JavaScript.
ALLOWED_FROM: Final = 1 << 48
MUTED_FROM: Final = 1 << 49


@dataclass
class Alert:
    """One incident, updated while it lasts. Times are epoch nanoseconds of the traffic.

    ``attackers``, ``victims`` and ``ports`` list the most active first and are cut at 50; the ``*_total`` say how many
    there were.
    ``evidence`` is up to three sentences, the strongest first. ``sample_flows`` are dictionaries with ``flow_id``,
    ``community_id``, addresses and ports as text. ``allowed`` or ``muted`` holds the reason of the rule of the
    configuration for which nobody is told of it. ``direction`` is ``inbound``, ``outbound``, ``internal`` or
    ``external``, empty where no home network is configured.
    """

    alert_id: int
    family: str
    severity: str
    severity_reason: str
    confidence: float
    first_seen: int
    last_seen: int
    attackers: list[str] = field(default_factory=list)
    victims: list[str] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    attackers_total: int = 0
    victims_total: int = 0
    ports_total: int = 0
    protocol: int = 0
    flows: int = 0
    packets: int = 0
    bytes: int = 0
    rate: float = 0.0  # flows a second while it lasted
    evidence: list[str] = field(default_factory=list)
    sample_flows: list[dict[str, Any]] = field(default_factory=list)
    decided: int = 0  # event time of the tick that raised it
    revision: int = 1  # how often it was written
    open: bool = True
    allowed: str = ""
    muted: str = ""
    direction: str = ""

    @property
    def silenced(self) -> bool:
        """Whether it is kept, but nobody is told."""
        return self.alert_id >= ALLOWED_FROM

    def as_dict(self) -> dict[str, Any]:
        """The alert as a JSON object, with group, technique and tactic by name and times in ISO 8601 beside."""
        family = catalogue()[self.family]
        document = {name: _own(getattr(self, name)) for name in _NAMES}
        document["group"] = family.group
        document["title"] = family.title
        document["technique"] = {"id": family.technique, "name": TECHNIQUES.get(family.technique, "")}
        document["tactic"] = {"id": family.tactic, "name": TACTICS.get(family.tactic, "")}
        document["first_seen_text"] = iso(self.first_seen)
        document["last_seen_text"] = iso(self.last_seen)
        return document

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Alert:
        """Read what ``as_dict`` wrote."""
        return cls(**{name: document[name] for name in cls.__dataclass_fields__ if name in document})


_NAMES: Final = tuple(each.name for each in fields(Alert))


def _own(value: Any) -> Any:  # noqa: ANN401 - of any field
    """A value that is the document's own: lists, of plain values or of flat dictionaries, are copied."""
    if not isinstance(value, list):
        return value
    return [dict(item) if isinstance(item, dict) else item for item in value]
