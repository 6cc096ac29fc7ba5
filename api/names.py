"""The only words from a request that may choose a file: strict names, never paths or URLs."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import Depends, Path, Query

from api.problems import bad_request
from contract.families import GROUPS, catalogue

RUN_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,119}$"
SCENARIO_PATTERN: Final = r"^[a-z0-9][a-z0-9-]{0,63}$"
FAMILY_PATTERN: Final = r"^[a-z0-9_]{1,64}$"
ZONE_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9 _.-]{0,63}$"
BATCH_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,79}$"

RunPath = Annotated[str, Path(alias="run_id", pattern=RUN_PATTERN, description="A run, as `/v1/runs` names it.")]
_RunName = Annotated[
    str | None,
    Query(
        alias="run",
        pattern=RUN_PATTERN,
        description="A run by its id; without it the active run, else the latest. `live` holds what sensors post.",
    ),
]
_CampaignName = Annotated[
    str | None, Query(alias="campaign", pattern=RUN_PATTERN, description="The same as `run`: a campaign is one run.")
]


async def _run(run: _RunName = None, campaign: _CampaignName = None) -> str | None:
    if run and campaign and run != campaign:
        raise bad_request("filter", f"run {run} and campaign {campaign} differ: a campaign is one run; give one")
    return run or campaign


RunQuery = Annotated[str | None, Depends(_run)]


def is_run_name(name: str) -> bool:
    """Whether a folder's name may be a run."""
    return re.fullmatch(RUN_PATTERN.strip("^$"), name) is not None


def family_names() -> list[str]:
    """Every family id, sorted."""
    return sorted(catalogue())


def group_names() -> list[str]:
    """Every group of attacks."""
    return list(GROUPS)
