"""What ``tenfold judge`` leaves behind: scorecards, unmatched alerts and the side-by-side, in one folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from campaign import side_by_side_page
from campaign.alert_listing import write_unmatched
from campaign.judging import Result
from campaign.runfolder import write_json
from contract.errors import InputError

FOLDER: Final = "judged"  # in a run folder
Json = dict[str, Any]


def write(folder: Path, document: Json, results: Sequence[Result]) -> Json:
    """Write all of it; the paths by what they are. Raises ``InputError`` where it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found: Json = {"scorecards": {}, "unmatched": {}}
        for result in results:
            stem = re.sub(r"[^A-Za-z0-9_.-]", "-", result.name)
            write_json(folder / f"{stem}.scorecard.json", result.card)
            found["scorecards"][result.name] = str(folder / f"{stem}.scorecard.json")
            if result.judged is not None:
                path = folder / f"{stem}.unmatched.csv"
                write_unmatched(result.judged, result.card["detector"]["files"], path)
                found["unmatched"][result.name] = str(path)
        write_json(folder / "side-by-side.json", document)
    except OSError as error:
        raise InputError(f"{folder}: cannot write: {error.strerror}") from None
    cards = {result.name: result.card for result in results}
    page = side_by_side_page.write(document, cards, folder / "side-by-side.html")
    return found | {"document": str(folder / "side-by-side.json"), "report": str(page)}
