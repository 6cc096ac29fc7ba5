from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from api.problems import _as_problem
from api.room import refuse_without_room
from api.settings import MIB, Settings
from contract.errors import FullError


def disk(total: int, free: int) -> SimpleNamespace:
    return SimpleNamespace(f_frsize=4096, f_blocks=total // 4096, f_bavail=free // 4096)


def test_a_share_of_a_small_disk_and_so_much_of_a_large_one_is_kept_free(tmp_path, monkeypatch):
    settings = Settings(runs=tmp_path, min_free=256 * MIB)
    for total, least in ((64 * MIB, 8 * MIB), (1 << 40, 256 * MIB)):
        monkeypatch.setattr(os, "statvfs", lambda _, total=total, least=least: disk(total, least))
        refuse_without_room(settings)
        monkeypatch.setattr(os, "statvfs", lambda _, total=total, least=least: disk(total, least - 4096))
        with pytest.raises(FullError, match=f"{least:,} are kept free") as caught:
            refuse_without_room(settings)
        problem = _as_problem(caught.value)
        assert (problem.status, problem.kind, problem.headers) == (507, "full", {"Retry-After": "5"})


def test_a_folder_that_is_not_there_is_for_others_to_tell(tmp_path):
    refuse_without_room(Settings(runs=tmp_path / "none"))
