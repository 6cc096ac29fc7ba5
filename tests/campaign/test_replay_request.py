"""What a user asks a replay for travels as JSON, and is refused where it makes no sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaign.replay_request import Request
from contract.errors import InputError
from generator.replay.timing import Pace


def test_a_request_survives_its_journey(tmp_path: Path) -> None:
    request = Request("a.pcap", "t.json", Pace(pps=5.0, loops=3), "drop", 7, 12, "smoke", 2.5, onto_sites=True)
    (tmp_path / "r.json").write_text(request.to_json())
    assert Request.read(tmp_path / "r.json") == request
    for text in ("", "[]", "{}", '{"pace": {"speed": -1}, "capture": "x"}', '{"pace": {}, "capture": "x", "y": 1}'):
        with pytest.raises(InputError):
            Request.from_json(text)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"cut": "shred"}, "--cut 'shred' is none of keep, fill, drop"),
        ({"seed": -1}, "--seed -1"),
        ({"at_s": -1.0, "into": "smoke"}, "--at -1"),
        ({"at_s": 1.0}, "go with --into"),
        ({"onto_sites": True}, "go with --into"),
    ],
)
def test_what_makes_no_sense_is_refused(words: dict[str, object], text: str) -> None:
    with pytest.raises(InputError, match=text):
        Request("a.pcap", **words)  # type: ignore[arg-type]
