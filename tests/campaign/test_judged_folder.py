"""What judging leaves behind."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from campaign.judged_folder import write
from campaign.judging import judge_detector
from campaign.side_by_side import side_by_side
from contract.errors import InputError
from tests.campaign import judged, recorded


def test_scorecards_unmatched_alerts_document_and_page(tmp_path: Path) -> None:
    detector, _ = judged.eve(tmp_path, [recorded.eve_alert(flow) for flow in judged.flows("syn_flood")])
    result = replace(judge_detector(detector, judged.truth()), name="my sensor")
    page = side_by_side("small", judged.truth(), [result])
    found = write(tmp_path / "judged", page, [result])
    card = json.loads(Path(found["scorecards"]["my sensor"]).read_text())
    assert card["attempts"]["detected"] == 5
    assert Path(found["unmatched"]["my sensor"]).read_text().count("\n") == 1
    assert json.loads(Path(found["document"]).read_text()) == json.loads(json.dumps(page))
    assert Path(found["report"]).is_file()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        write(tmp_path / "file" / "x", page, [result])
