from __future__ import annotations

from pathlib import Path

import pytest

from campaign.detector_socket import connect
from campaign.processes import Child
from contract.errors import LackingError


def test_a_child_that_ended_is_not_waited_for(tmp_path: Path) -> None:
    child = Child("contract.version", [], folder=tmp_path, log=tmp_path / "log")
    with pytest.raises(LackingError, match=r"contract\.version ended with code 0"):
        connect(child, tmp_path)
    child.end()
