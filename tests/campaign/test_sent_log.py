from __future__ import annotations

from pathlib import Path

from campaign.sent_log import Place, SentLog


def test_it_says_where_batches_lay_in_the_last_stream(tmp_path: Path) -> None:
    log = SentLog(tmp_path)
    assert log.read() == ("", {})
    log.begin("one")
    log.add("a", Place(0, 3))
    assert SentLog(tmp_path).read() == ("one", {"a": Place(0, 3)})
    log.begin("two")
    log.add("b", Place(0, 4))
    log.add("c", Place(4, 1))
    assert SentLog(tmp_path).read() == ("two", {"b": Place(0, 4), "c": Place(4, 1)})


def test_half_a_line_does_not_count(tmp_path: Path) -> None:
    log = SentLog(tmp_path)
    log.begin("one")
    log.add("a", Place(0, 3))
    log.add("b", Place(3, 3))
    path = tmp_path / "sent.log"
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        stream, places = log.read()
        assert stream == ("one" if size >= 4 else "")
        assert places == ({"a": Place(0, 3)} if size >= 10 else {})
