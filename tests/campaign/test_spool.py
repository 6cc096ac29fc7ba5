from __future__ import annotations

from campaign.frame_batches import check_frames
from campaign.journal import Journal
from campaign.spool import damaged, left_over
from contract.arrow_io import read_stream
from contract.schemas import FRAMES
from tests.api.helpers import START, frames_stream


def check(data: bytes) -> None:
    check_frames(list(read_stream(data, FRAMES, "batch")), "batch")


def test_what_is_damaged_is_set_aside_with_a_word_and_known(tmp_path):
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / "a.arrows").write_bytes(frames_stream(3, START))
    (spool / "b.arrows").write_bytes(frames_stream(3, START)[:-100])
    (spool / "c.arrows.tmp").write_bytes(b"half")
    journal = Journal(tmp_path)
    journal.add("a", 3, 1)
    found = left_over(spool, journal)
    assert [(batch.name, batch.frames) for batch in found] == [("a", 3), ("b", 0)]
    ((bad, note),) = damaged(found, check)
    assert bad.name == "b"
    assert "b.arrows" in note
    assert note.endswith("set aside")
    assert (tmp_path / "aside" / "b.arrows").is_file()
    assert [path.name for path in spool.iterdir()] == ["a.arrows"]
    assert "b" in journal
    assert list(damaged(left_over(spool, journal), check)) == []
