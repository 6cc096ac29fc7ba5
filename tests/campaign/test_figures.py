from __future__ import annotations

import json

from campaign.figures import Figures


def test_figures_survive_json():
    figures = Figures(t=1.5, families={"syn_flood": 3}, lost={"receive: full": 1}, p50_ms=2.5)
    assert Figures(**json.loads(json.dumps(figures.as_dict()))) == figures
