"""Small inputs that would take much time or memory, and what they cost until they are refused.

    python -m tests.faults.bombs [NAME ...]

prints a JSON object a bomb: what it cost a process that had read an honest input of the kind before (wall and CPU time
in ms, memory in MiB by ``ru_maxrss``), how many bytes of it were read, and what the user is told. Each bomb goes off in
a process of its own, forked from one that has everything imported.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import resource
import sqlite3
import struct
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contract.errors import TenfoldError

MIB = 1 << 20
LONGEST_S = 10  # of CPU time: then a bomb has gone off
Open = Callable[[Path], object]


class Bomb(NamedTuple):
    """``make`` writes it into a folder and returns its path; ``opens`` must raise ``TenfoldError`` for it."""

    make: Callable[[Path], Path]
    opens: Open
    honest: Callable[[Path], Path]


def written(name: str, data: bytes) -> Callable[[Path], Path]:
    """A file of these bytes."""

    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


def repeated(name: str, head: bytes, piece: bytes, times: int, tail: bytes = b"") -> Callable[[Path], Path]:
    """A file of a piece again and again, written a few at a time."""

    def make(folder: Path) -> Path:
        many = max(1, MIB // len(piece))
        with (folder / name).open("wb") as file:
            file.write(head)
            for _ in range(times // many):
                file.write(piece * many)
            file.write(piece * (times % many) + tail)
        return folder / name

    return make


# --- how each kind is opened -------------------------------------------------


def truth(path: Path) -> object:
    from contract.truth import read_truth

    return read_truth(path)


def truth_table(path: Path) -> object:
    from campaign.truth_table import read_truth_table

    return read_truth_table(path)


def scenario(path: Path) -> object:
    from campaign import scenario_file

    return scenario_file.read(path)


def configuration(path: Path) -> object:
    from detector.config_file import read

    return read(path)


def detector(path: Path) -> object:
    from campaign.detector_file import read_detector

    return read_detector(path).check()


def lab(path: Path) -> object:
    from generator.lab.permission import parse_lab_file

    return parse_lab_file(path.read_bytes(), path)


def targets(path: Path) -> object:
    from campaign.gate.targets import read

    return read(path)


def eve(path: Path) -> object:
    from campaign.adapters import adapter
    from campaign.alert_files import read_alerts
    from campaign.alert_record import ReadSettings

    return read_alerts([path], adapter("eve"), ReadSettings())


def capture(path: Path) -> object:
    from detector.capture.opening import open_capture

    source = open_capture(path)
    for _ in source.batches():
        pass
    if source.notes:
        raise TenfoldError(source.notes[0])
    return source


def frames(path: Path) -> object:
    """As the service reads a posted body."""
    from contract.arrow_io import read_stream
    from contract.schemas import FRAMES

    return list(read_stream(path.read_bytes(), FRAMES, "batch"))


def frames_piped(path: Path) -> object:
    """As they come out of a pipe or socket."""
    from contract.arrow_io import read_stream
    from contract.schemas import FRAMES

    with path.open("rb") as file:
        return list(read_stream(file, FRAMES, "stream"))


def model(path: Path) -> object:
    from detector.skops_file import load

    return load(path.read_bytes(), str(path))


def store(path: Path) -> object:
    from store.reader import StoreReader

    with StoreReader(path) as reader:
        return reader.alerts(), reader.counts(), reader.timeline()


def keys(path: Path) -> object:
    from api.key_file import read

    path.chmod(0o600)
    return read(path)


def trace(path: Path) -> object:
    from generator.trace_file import read_trace

    return read_trace(path)


def run_folder(path: Path) -> object:
    from campaign.runfolder import read_json

    return read_json(path)


# --- what they are made of ---------------------------------------------------


def _stream(schema: pa.Schema, batch: pa.RecordBatch, compression: str | None = None) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, schema, options=options) as writer:
        writer.write_batch(batch)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _sound() -> bytes:
    from contract.schemas import FRAMES
    from tests.faults.corpus import small_batch

    return _stream(FRAMES, small_batch())


def compressed_arrow(folder: Path) -> Path:
    """A few kilobytes of zstd that inflate to 128 MiB of one frame."""
    from contract.schemas import FRAMES

    batch = pa.record_batch(
        [pa.array([0]).cast(FRAMES.field("ts").type), pa.array([bytes(128 * MIB)], pa.binary()),
         pa.array([1], pa.uint32()), pa.array([1], pa.uint16())], schema=FRAMES,
    )  # fmt: skip
    return written("x.arrows", _stream(FRAMES, batch, "zstd"))(folder)


def huge_message(folder: Path) -> Path:
    """A message whose header claims 2^31 - 1 bytes."""
    return written("x.arrows", b"\xff\xff\xff\xff" + struct.pack("<i", 2**31 - 1) + bytes(64))(folder)


def huge_body(folder: Path) -> Path:
    """A batch whose header says that its body has 2^40 bytes."""
    data = bytearray(_sound())
    messages = pa.ipc.MessageReader.open_stream(bytes(data))
    messages.read_next_message()
    size = messages.read_next_message().body.size
    at = bytes(data).rindex(struct.pack("<q", size), 0, len(data) - size)
    data[at : at + 8] = struct.pack("<q", 1 << 40)
    return written("x.arrows", bytes(data))(folder)


def huge_offsets(folder: Path) -> Path:
    """Frames of which the last ends 2 GiB behind their bytes."""
    from tests.faults.corpus import small_batch

    offsets = small_batch().column("frame").buffers()[1].to_pybytes()[: 4 * (small_batch().num_rows + 1)]
    assert _sound().count(offsets) == 1
    return written("x.arrows", _sound().replace(offsets, offsets[:-4] + struct.pack("<i", 2**31 - 1)))(folder)


def few_bytes_many_rows(folder: Path) -> Path:
    """The same row ten million times: a Parquet file of some kilobytes."""
    from contract.schemas import TRUTH
    from tests.fuzz.files import tables

    row = pq.read_table(io.BytesIO(tables()[0])).cast(TRUTH).slice(0, 1)
    path = folder / "truth.parquet"
    with pq.ParquetWriter(path, TRUTH, compression="zstd") as writer:
        some = pa.concat_tables([row] * 1000).combine_chunks()
        thousand = pa.concat_tables([some] * 1000).combine_chunks()
        for _ in range(10):
            writer.write_table(thousand)
    return path


def huge_array(folder: Path) -> Path:
    """A model with an array that claims 2^40 numbers."""
    from detector.skops_file import dump

    data = dump({"a": np.zeros(3)})
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.infolist():
            new.writestr(member.filename, old.read(member).replace(b"(3,)", b"(1099511627776,)"))
    return written("x.skops", out.getvalue())(folder)


def gzipped(head: bytes, piece: bytes, times: int) -> Callable[[Path], Path]:
    """A compressed log."""

    def make(folder: Path) -> Path:
        path = folder / "eve.json.gz"
        with gzip.open(path, "wb", 9) as file:
            file.write(head)
            for _ in range(times):
                file.write(piece)
        return path

    return make


def sparse(name: str, head: bytes, size: int) -> Callable[[Path], Path]:
    """A file of zeros that takes no room."""

    def make(folder: Path) -> Path:
        with (folder / name).open("wb") as file:
            file.write(head)
            file.truncate(size)
        return folder / name

    return make


def honest_store(folder: Path) -> Path:
    from tests.api.helpers import make_run

    return make_run(folder / "run", alerts=2, seconds=1, per_second=5)


def shaped(change: str) -> Callable[[Path], Path]:
    """A store whose database is changed by some SQL."""

    def make(folder: Path) -> Path:
        path = honest_store(folder)
        with sqlite3.connect(path / "store.sqlite") as database:
            database.executescript(change)
        database.close()
        return path

    return make


# Views that never end in place of tables.
ENDLESS = """ALTER TABLE {0} RENAME TO old_{0};
CREATE VIEW {0} AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
SELECT i AS id, o.* FROM n, old_{0} AS o;
"""
FORMAT = b'{"format": "tenfold-truth/1", "entries": ['
TRUTH = written("t.json", FORMAT + b"]}")
SCENARIO = written("s.toml", b'title = "a"\nsummary = "b"\nduration = 5\nmultiplier = 1\n')
CONFIG = written("c.toml", b"[meter]\ntick_ms = 50\n")
EVE = written("eve.json", b'{"event_type": "x", "timestamp": "2026-01-01T00:00:00Z"}\n')
LAB = b'interface = "e"\nprefixes = ["198.18.0.0/16"]\nframes_per_second = 1\nexpires = 2999-01-01T00:00:00Z\n'
DEEP = 500_000


def _toml_bombs(
    name: str, opens: Open, honest: Callable[[Path], Path], chosen: tuple[str, ...] = ()
) -> dict[str, Bomb]:
    """What each reader of TOML must stand: all, or those that are chosen."""
    made = {
        "deep lists": repeated("x.toml", b"a = ", b"[", DEEP),
        "deep keys": repeated("x.toml", b"a", b".a", DEEP // 2, b" = 1\n"),
        "deep tables": repeated("x.toml", b"", b"[" + b"a." * 400 + b"a]\n", 500),
        "a long number": repeated("x.toml", b"a = ", b"9", DEEP),
        "many keys": written("x.toml", b"".join(b"k%d=1\n" % n for n in range(60_000))),
        "spaces": repeated("x.toml", b'a = """\n[', b" ", 20_000, b'x\n"""\n'),
        "dots": repeated("x.toml", b'a = """\n', b"a . ", 20_000, b'x\n"""\n'),
    }
    return {f"{name}: {kind}": Bomb(made[kind], opens, honest) for kind in chosen or made}


def _tables() -> bytes:
    from tests.fuzz.files import tables

    return tables()[0]


def _model() -> bytes:
    from detector.skops_file import dump

    return dump({"a": np.zeros(3)})


def _pcap() -> bytes:
    from tests.faults.corpus import pcap

    return pcap()


def _pcapng() -> bytes:
    from tests.faults.corpus import pcapng

    return pcapng("<")


DEEP_ONES = ("deep lists", "deep keys")
BOMBS: dict[str, Bomb] = {
    "truth: ten million entries": Bomb(
        repeated("t.json", FORMAT, b"{},", 10_000_000, b"{}]}"), truth, TRUTH
    ),
    "truth: as many empty lists as fit": Bomb(repeated("t.json", FORMAT, b"[],", 1_390_000, b"{}]}"), truth, TRUTH),
    "truth: deep": Bomb(repeated("t.json", FORMAT, b"[", 2_000_000), truth, TRUTH),
    "truth: a long number": Bomb(repeated("t.json", FORMAT, b"9", 2_000_000, b"]}"), truth, TRUTH),
    "truth: a wide character": Bomb(repeated("t.json", b'["\xf0\x9f\xa6\x8a', b"x", 4_000_000, b'"]'), truth, TRUTH),
    "truth table: ten million rows": Bomb(
        few_bytes_many_rows, truth_table, written("t.parquet", _tables())
    ),
    "EVE: a line of 4 GiB": Bomb(sparse("eve.json", b'{"a": "', 4 << 30), eve, EVE),
    "EVE: deep": Bomb(repeated("eve.json", b'{"a": ', b"[", 1_000_000, b"\n"), eve, EVE),
    "EVE: zeros, compressed": Bomb(gzipped(b'{"a": "', bytes(16 * MIB), 64), eve, EVE),
    "EVE: empty lines, compressed": Bomb(gzipped(b"", b"\n" * MIB, 512), eve, EVE),
    "pcapng: a block of 2^32 - 1 bytes": Bomb(
        written("x.pcapng", _pcapng() + struct.pack("<II", 6, 2**32 - 1) + bytes(64)),
        capture, written("h.pcapng", _pcapng()),
    ),
    "pcapng: a block of 2^32 - 4 bytes in a file as large": Bomb(
        sparse("x.pcapng", _pcapng() + struct.pack("<II", 6, 2**32 - 4), 1 << 32),
        capture, written("h.pcapng", _pcapng()),
    ),
    "pcap: a frame of 2^31 - 1 bytes": Bomb(
        written("x.pcap", _pcap() + struct.pack("<IIII", 0, 0, 2**31 - 1, 2**31 - 1) + bytes(64)),
        capture, written("h.pcap", _pcap()),
    ),
    "Arrow: compressed": Bomb(compressed_arrow, frames, written("h", _sound())),
    "Arrow: a message of 2 GiB": Bomb(huge_message, frames, written("h", _sound())),
    "Arrow: a message of 2 GiB, piped": Bomb(huge_message, frames_piped, written("h", _sound())),
    "Arrow: a body of 1 TiB": Bomb(huge_body, frames, written("h", _sound())),
    "Arrow: a body of 1 TiB, piped": Bomb(huge_body, frames_piped, written("h", _sound())),
    "Arrow: offsets of 2 GiB": Bomb(huge_offsets, frames, written("h", _sound())),
    "model: an array of 2^40 numbers": Bomb(huge_array, model, written("h", _model())),
    "store: endless alerts": Bomb(shaped(ENDLESS.format("alerts")), store, honest_store),
    "store: endless commits": Bomb(shaped(ENDLESS.format("commits")), store, honest_store),
    "store: endless rollups": Bomb(shaped(ENDLESS.format("rollups")), store, honest_store),
    "store: no tables": Bomb(shaped("DROP TABLE alerts; DROP TABLE commits;"), store, honest_store),
    "keys: as many as fit": Bomb(
        repeated("keys.json", b'{"format": "tenfold-keys/1", "keys": [', b"[],", 20_000_000, b"1]}"), keys,
        written("h.json", b'{"format": "tenfold-keys/1", "keys": []}'),
    ),
    "trace: ten million rows": Bomb(
        repeated("x.csv", b"", b"1\n", 10_000_000), trace, written("h.csv", b"second\n1\n2\n")
    ),
    "run folder: a file of 4 GiB": Bomb(sparse("run.json", b"{", 4 << 30), run_folder, written("h.json", b"{}")),
    **_toml_bombs("scenario", scenario, SCENARIO),
    **_toml_bombs("configuration", configuration, CONFIG),
    **_toml_bombs("detector", detector, written("d.toml", b'[detector]\nformat = "eve"\n'), DEEP_ONES),
    **_toml_bombs("targets", targets, written("g.toml", b""), DEEP_ONES),
    **_toml_bombs("lab", lab, written("l.toml", LAB), DEEP_ONES),
}  # fmt: skip


def set_off(name: str, folder: Path) -> dict[str, Any]:
    """Make a bomb and open it in a fork; what it cost and what was said."""
    bomb = BOMBS[name]
    here = folder / str(len(list(folder.iterdir())))
    (here / "bomb").mkdir(parents=True)
    (here / "honest").mkdir()
    path, honest = bomb.make(here / "bomb"), bomb.honest(here / "honest")
    with contextlib.suppress(TenfoldError):  # it need not be complete: it loads what is loaded late
        bomb.opens(honest)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        try:
            os.write(writing, json.dumps(_cost(bomb.opens, path)).encode())
        except BaseException:  # noqa: BLE001 - nothing may leave a fork
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        told = answer.read()
    _, status = os.waitpid(child, 0)
    return {"name": name, **(json.loads(told) if told else {"said": None, "died": status})}


def _cost(opens: Open, path: Path) -> dict[str, Any]:
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST_S, LONGEST_S))
    before, cpu, wall = _peak(), time.process_time(), time.perf_counter()
    said: str | None = None
    try:
        opens(path)
    except TenfoldError as error:
        said = str(error)
    took = {"ms": (time.perf_counter() - wall) * 1e3, "cpu_ms": (time.process_time() - cpu) * 1e3}
    return {**took, "mib": (_peak() - before) / 1024, "said": said}


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Set off those that are named, or all."""
    chosen = sys.argv[1:] or list(BOMBS)
    with tempfile.TemporaryDirectory(prefix="tenfold-bombs-") as folder:
        for name in chosen:
            sys.stdout.write(json.dumps(set_off(name, Path(folder))) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
