"""Many sensors, one picture: what a centre makes of several sensors is what one detector makes of all their frames."""

from __future__ import annotations

import contextlib
import zlib
from typing import Any

import pyarrow as pa
import pytest

from contract.alert import Alert
from contract.flow_batch import Note, read_batch, write_batch
from detector.centre import Centre
from detector.flow_rows import joined, to_batch
from detector.model import load_default
from detector.pipeline import Detector
from detector.remote_meter import RemoteMeter
from detector.sensor import Sensor
from tests.conformance.test_same_answer import CONFIG, Collector, run, traffic
from tests.detector.streams import Frame, batch


class Together:
    """Sensors and their centre; what a sensor tells goes through the bytes of a batch."""

    def __init__(self, count: int) -> None:
        self.sensors = [Sensor(CONFIG) for _ in range(count)]
        self.detector = Detector(CONFIG, load_default(), meter=RemoteMeter(CONFIG.capacity, CONFIG.idle_s, CONFIG.seed))
        self.centre = Centre(self.detector)
        self.collector = Collector(self.detector)
        self._sequence = [0] * count

    def tell(self, number: int) -> None:
        sensor = self.sensors[number]
        ticks = sensor.rows()
        note = Note(
            f"s{number}",
            "x",
            self._sequence[number],
            through=sensor.through,
            newest=sensor.newest or 0,
            done=sensor.done,
            peers=len(self.sensors),
        )
        self._sequence[number] += 1
        data = write_batch(note, [to_batch(joined(ticks))] if ticks else [])
        again, batches = read_batch(data, "batch")
        assert again == note
        with pa.ipc.open_stream(data) as reader:
            schema = reader.schema
        empty = pa.record_batch([pa.array([], field.type) for field in schema], schema=schema)
        self.centre.take(batches[0] if batches else empty)
        self.centre.work()
        self.collector.add(self.detector.outputs())


def ends(frame: bytes) -> bytes:
    """Both ends of a frame, so that what one host says to another is seen by one sensor."""
    low, high = (28, 38) if frame[12:14] == b"\x08\x06" else (26, 30)
    return b"".join(sorted([frame[low : low + 4], frame[high : high + 4]]))


def split(frames: list[Frame], count: int) -> list[list[Frame]]:
    parts: list[list[Frame]] = [[] for _ in range(count)]
    for frame in frames:
        parts[zlib.crc32(ends(frame[1])) % count].append(frame)
    return parts


def plain(alerts: list[Alert]) -> list[dict[str, Any]]:
    """All of alerts but the numbers of their sample flows, which are each process's own."""
    found = []
    for alert in alerts:
        document = alert.as_dict()
        document["sample_flows"] = [
            {name: value for name, value in row.items() if name != "flow_id"} for row in document["sample_flows"]
        ]
        found.append(document)
    return found


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_capture_split_by_hosts_over_sensors_gives_the_alerts_of_one_detector(count: int) -> None:
    frames = traffic(2.0)
    frames.sort(key=lambda frame: frame[0])
    whole = run([batch(frames)])
    assert len(whole.last_alerts()) >= 2
    together = Together(count)
    parts = split(frames, count)
    for step in range(9):  # each at its own pace: the second sensor lags behind the first, and so on
        for number, part in enumerate(parts):
            size = len(part) // (6 - number % 3) + 1
            if mine := part[step * size : (step + 1) * size]:
                together.sensors[number].feed(batch(mine))
            together.tell(number)
    for number, sensor in enumerate(together.sensors):
        sensor.finish()
        together.tell(number)
    assert together.centre.over
    together.centre.finish()
    answer = together.collector.answer()
    assert plain(answer.last_alerts()) == plain(whole.last_alerts())
    assert answer.flows.num_rows == whole.flows.num_rows
    assert (
        answer.verdicts.drop_columns(["flow_id"]).column("family").to_pylist()
        == whole.verdicts.column("family").to_pylist()
    )
    assert answer.ledger["balanced"]
    assert together.centre.status()["rows_late"] == 0
    with contextlib.ExitStack() as stack:
        for sensor in together.sensors:
            stack.callback(sensor.close)
        stack.callback(together.detector.close)
