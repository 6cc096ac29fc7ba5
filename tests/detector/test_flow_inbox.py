from __future__ import annotations

import socket

from contract.flow_batch import Note, write_batch
from detector.config import Config
from detector.flow_inbox import FlowInbox, sensing
from detector.flow_rows import joined, to_batch
from detector.model import load_default
from detector.sensor import Sensor
from tests.detector.streams import batch, tcp

MS = 1_000_000


def test_names_of_files_come_in_and_what_they_tell_is_detected(tmp_path):
    eyes = Sensor(Config(seed=7))
    eyes.feed(batch([(n * MS, tcp(f"198.18.0.{n + 1}", "198.19.0.2", 1025, 80)) for n in range(20)]))
    eyes.finish()
    told = [to_batch(joined(eyes.rows()))]
    (tmp_path / "a").write_bytes(write_batch(Note("s", "x", 0, newest=eyes.newest or 0, frames=20), told))
    (tmp_path / "b").write_bytes(
        write_batch(Note("s", "x", 1, through=1 << 62, newest=eyes.newest or 0, done=True), [])
    )
    inbox = FlowInbox(tmp_path / "socket", tmp_path, once=True)
    detector, pulse = sensing(inbox, Config(seed=7), load_default())
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(tmp_path / "socket"))
        connection.sendall(b"a\nmissing\nb\n")
        over = False
        while not over:
            _, over = pulse.beat()
    pulse.finish()
    out = detector.outputs()
    inbox.close()
    detector.close()
    assert out.flows is not None
    assert out.flows.num_rows == 20
    found = inbox.status()["sensing"]
    assert (found["batches"], found["unreadable"], found["sensors"]) == (3, 1, 1)
    assert "missing" in inbox.notes[0]
    assert inbox.ledger().as_dict()["balanced"]
