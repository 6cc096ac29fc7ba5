"""A file's format is told from its first lines, or the user is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from campaign.format_guess import guess
from contract.errors import InputError
from tests.campaign import judged, recorded


def test_each_format_is_told(tmp_path: Path) -> None:
    flows = judged.flows("ssh_bruteforce")
    texts = {
        "eve": "".join(json.dumps(recorded.eve_alert(flow)) + "\n" for flow in flows),
        "zeek": recorded.zeek_conn(flows),
        "snort-json": "".join(json.dumps(recorded.snort_json(flow)) + "\n" for flow in flows),
        "snort-fast": "".join(recorded.snort_fast(flow) + "\n" for flow in flows),
        "ocsf": json.dumps({"class_uid": 2004, "time": 5, "finding_info": {}}) + "\n",
    }
    for name, text in texts.items():
        path = tmp_path / name
        path.write_text(text)
        assert guess(path) == name


def test_what_cannot_be_told_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for text in ("", "a,b,c\n1,2,3\n", '{"a": 1}\n'):
        path.write_text(text)
        with pytest.raises(InputError, match="say --format"):
            guess(path)
    with pytest.raises(InputError, match="no such file"):
        guess(tmp_path / "none")
