from __future__ import annotations

from pathlib import Path

import pytest

from generator.sender_options import SPOOL, parse

FILES = ["--workload", "w.json", "--status", "s.json", "--truth", "t.parquet"]


def test_frames_go_to_a_socket_or_onto_a_wire_and_not_to_both(capsys):
    assert parse([*FILES, "--socket", "s"]).socket == Path("s")
    assert parse([*FILES, "--wire", "veth0"]).wire == "veth0"
    for wrong in ([], ["--socket", "s", "--wire", "veth0"]):
        with pytest.raises(SystemExit) as ended:
            parse([*FILES, *wrong])
        assert ended.value.code == 2
    capsys.readouterr()


def test_frames_are_made_by_the_spool_if_nobody_says():
    assert parse([*FILES, "--socket", "s"]).maker == SPOOL
    assert parse([*FILES, "--socket", "s", "--maker", "campaign.replay_maker"]).maker == "campaign.replay_maker"
