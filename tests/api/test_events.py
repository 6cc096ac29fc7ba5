from __future__ import annotations

import json

from api.events import Client, event


def parsed(data: bytes):
    found = []
    for block in data.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        if fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


def test_an_event_is_one_block():
    assert event("tick", {"a": "x\ny"}, "run/3") == b'id: run/3\nevent: tick\ndata: {"a":"x\\ny"}\n\n'


def test_a_slow_client_is_told_how_much_it_lost_and_gets_what_is_newest():
    client = Client(limit=3)
    lost = sum(client.put(event("alert", number)) for number in range(8))
    assert lost == 6
    assert parsed(client.take()) == [("gap", {"dropped": 6}), ("alert", 6), ("alert", 7)]
    assert client.take() == b""
    assert not client.wake.is_set()


def test_events_in_one_piece_count_each():
    client = Client(limit=5)
    assert client.put(event("alert", 1) + event("alert", 2), 2) == 0
    assert client.put(event("alert", 3) + event("alert", 4), 2) == 0
    assert client.put(event("alert", 5) + event("alert", 6), 2) == 4
    assert parsed(client.take()) == [("gap", {"dropped": 4}), ("alert", 5), ("alert", 6)]
    assert client.put(b"".join(event("alert", number) for number in range(9)), 9) == 0  # more than a queue, at once
    assert len(parsed(client.take())) == 9


def test_only_the_newest_tick_waits():
    client = Client(limit=3)
    for number in range(5):
        client.put_tick(event("tick", number))
    client.put(event("alert", "a"))
    assert client.wake.is_set()
    assert parsed(client.take()) == [("alert", "a"), ("tick", 4)]


def test_each_event_is_out_or_dropped_for_a_reason_or_still_held():
    client = Client(limit=3)
    for number in range(5):
        client.put(event("alert", number))
        client.put_tick(event("tick", number))
    stage = client.stage
    assert (stage.offered, client.held, dict(stage.dropped)) == (10, 3, {"slow_reader": 3, "superseded": 4})
    client.take()
    assert (stage.delivered, client.held) == (0, 3)
    client.sent()
    client.put(event("alert", 9))
    client.take()
    client.left()  # while it was being sent
    assert (stage.delivered, client.held, stage.dropped["client_gone"], stage.unexplained) == (3, 0, 1, 0)
