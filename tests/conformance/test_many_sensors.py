"""Many sensors, one picture: what a centre makes of several sensors is what one detector makes of all their frames."""

from __future__ import annotations

import contextlib
import random
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from campaign.flow_ingest import rows_left
from campaign.sent_log import Place
from contract.alert import Alert
from contract.flow_batch import Note, read_batch, write_batch
from contract.frontier import Frontier
from contract.schemas import FLOWS, TIME
from detector.centre import Centre
from detector.flow_inbox import SensorsTold
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


SHORT = replace(CONFIG, idle_s=0.3)  # flows end all the time


def told_in_turns(frames: list[Frame], count: int, steps: int) -> Iterator[tuple[str, bool, bytes]]:
    """Batches of sensors that share frames: whose each is, whether that sensor is done, and its bytes."""
    sensors = [Sensor(SHORT) for _ in range(count)]
    parts = split(frames, count)
    for step in range(steps + 1):
        for number, (sensor, part) in enumerate(zip(sensors, parts, strict=True)):
            size = len(part) // steps + 1
            if step == steps:
                sensor.finish()
            elif mine := part[step * size : (step + 1) * size]:
                sensor.feed(batch(mine))
            ticks = sensor.rows()
            note = Note(
                f"s{number}",
                "x",
                step,
                through=sensor.through,
                newest=sensor.newest or 0,
                done=sensor.done,
                peers=count,
            )
            yield note.sensor, note.done, write_batch(note, [to_batch(joined(ticks))] if ticks else [])
    for sensor in sensors:
        sensor.close()


def centre_of(known: dict[str, bool] | None = None) -> Centre:
    meter = RemoteMeter(SHORT.capacity, SHORT.idle_s, SHORT.seed)
    return Centre(Detector(SHORT, load_default(), meter=meter), known=known)


def take(centre: Centre, path: Path) -> None:
    with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
        table = reader.read_all().combine_chunks()
        empty = pa.record_batch([pa.array([], field.type) for field in table.schema], schema=table.schema)
        centre.take(table.to_batches()[0] if table.num_rows else empty)


def until_killed(files: list[Path], often: int, *, in_order: bool) -> tuple[list[pa.RecordBatch], Frontier]:
    """Flows that a centre has committed when it ends, and up to where it had told its stream in that."""
    centre = centre_of()
    told, kept, waiting = SensorsTold("s", centre), [], []
    frontier = told.frontier(0)
    for number, path in enumerate(files):
        take(centre, path)
        centre.work()
        waiting.append(centre.detector.outputs().flows)
        if number % often == 0:
            kept, waiting, frontier = kept + waiting, [], told.frontier(0)
    if in_order:
        centre.finish()
        kept, frontier = [*kept, *waiting, centre.detector.outputs().flows], told.all(0)
        assert centre.detector.settle().balanced
        assert not centre.detector.settle().unsettled()
    centre.detector.close()
    return [flows for flows in kept if flows is not None], frontier


def gist(flows: pa.Table) -> list[tuple[object, ...]]:
    """All of flows but their numbers, in an order that is not that of these."""
    columns = flows.drop_columns(["flow_id"]).columns
    plain = [column.cast(pa.int64()) if column.type == TIME else column for column in columns]
    return sorted(zip(*(column.to_pylist() for column in plain), strict=True))


def test_another_centre_goes_on_where_one_was_killed(tmp_path: Path) -> None:
    """Wherever it is killed, and whatever it had committed: each flow is there once, with all its frames."""
    frames = sorted(traffic(4.0, random.Random(5)), key=lambda frame: frame[0])
    right = gist(run([batch(frames)], SHORT).flows)
    batches = list(told_in_turns(frames, 3, 12))
    by_chance, ended = random.Random(1), 0
    for turn, at in enumerate(by_chance.sample(range(12, len(batches)), 3)):
        folder = tmp_path / str(turn)
        folder.mkdir()
        files = [folder / f"{number:03d}" for number in range(len(batches))]
        for path, (_, _, data) in zip(files, batches, strict=True):
            path.write_bytes(data)
        kept, frontier = until_killed(files[:at], by_chance.choice((1, 2, 5)), in_order=turn % 2 > 0)
        ended += bool(kept)
        for number in range(at):
            left = rows_left(files[number], frontier, Place(number, 1))
            assert left is None or number < frontier.frames
            if left is not None:
                files[number].write_bytes(left)
            assert number >= frontier.whole or left == b""
        centre = centre_of({sensor: done for sensor, done, _ in batches[:at]})
        for number, path in enumerate(files):
            if number == at:
                centre.begin()
            if path.stat().st_size:
                take(centre, path)
                centre.work()
        assert centre.over
        centre.finish()
        found = centre.detector.outputs().flows
        centre.detector.close()
        assert gist(pa.Table.from_batches([*kept, *([] if found is None else [found])], FLOWS)) == right
        assert centre.status()["rows_late"] == 0
    assert ended, "they had committed flows"
