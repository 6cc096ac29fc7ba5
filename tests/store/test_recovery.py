from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from store.layout import DATABASE
from store.reader import StoreReader
from store.writer import StoreWriter
from tests.store.helpers import alert, flows, verdicts

ROOT = Path(__file__).parents[2]
ROWS = 40
# For each line "number", a process that commits from there without end, as fast as it goes, and says each commit that
# was acknowledged. It forks them, so that imports and compiled code are loaded once.
VICTIMS = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from store.writer import StoreWriter
from store.records import roll_up
from store.seen import Seen
from tests.store.helpers import alert, flows, verdicts
roll_up(verdicts(1), Seen())
for line in sys.stdin:
    number = int(line)
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        print("dead", flush=True)
        continue
    writer = StoreWriter(Path(sys.argv[1]), compact_after=5)
    print(os.getpid(), flush=True)
    while True:
        writer.commit(flows({ROWS}, number * {ROWS}), verdicts({ROWS}, number * {ROWS}), [alert(number)])
        print(number, flush=True)
        number += 1
"""


def numbers(tables) -> list[int]:
    return [i for table in tables for i in table.column("flow_id").to_pylist()]


def kill_one(victims: subprocess.Popen[str], following: int, randomness: random.Random) -> int:
    """Let a writer commit from there and kill it at a random instant; the last commit that it acknowledged."""
    victims.stdin.write(f"{following}\n")
    victims.stdin.flush()
    pid = int(victims.stdout.readline())
    acknowledged = following - 1
    for _ in range(randomness.randrange(12)):
        acknowledged = int(victims.stdout.readline())
    for _ in range(randomness.randrange(200_000)):
        pass  # a busy wait of a random length puts the signal anywhere in a commit
    os.kill(pid, signal.SIGKILL)
    while (line := victims.stdout.readline()) != "dead\n":
        acknowledged = int(line)
    return acknowledged


def test_kill_at_any_instant_loses_and_doubles_nothing(tmp_path):
    randomness = random.Random(815)
    following = 0
    command = [sys.executable, "-c", VICTIMS, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as victims:
        for _ in range(10):
            acknowledged = kill_one(victims, following, randomness)
            with StoreWriter(tmp_path) as writer:
                assert not [note for note in writer.notes if "adopted" not in note and "part of its" not in note]
            with StoreReader(tmp_path) as reader:
                rows = numbers(reader.verdict_tables())
                assert rows == list(range(len(rows))), "lost, doubled or out of order"
                assert len(rows) >= (acknowledged + 1) * ROWS
                assert numbers(reader.flow_tables()) == rows
                assert [found.alert_id for found in reader.all_alerts()] == list(range(len(rows) // ROWS))
                assert sum(row.ended for row in reader.timeline()) == len(rows)
                following = len(rows) // ROWS
        victims.stdin.close()


def filled(path: Path, commits: int = 3) -> None:
    with StoreWriter(path, compact_after=0) as writer:
        for number in range(commits):
            writer.commit(flows(10, number * 10), verdicts(10, number * 10), [alert(number)])


def forget(path: Path, commit: int) -> None:
    """Take a commit out of the database, as a power cut may."""
    with sqlite3.connect(path / DATABASE) as database:
        for table, column in (
            ("segments", "commit_id"),
            ("commits", "id"),
            ("revisions", "commit_id"),
            ("alerts", "commit_id"),
        ):
            database.execute(f"DELETE FROM {table} WHERE {column}=?", (commit,))
    database.close()


def test_what_a_power_cut_took_from_the_database_is_adopted(tmp_path):
    filled(tmp_path)
    forget(tmp_path, 3)
    with StoreWriter(tmp_path) as writer:
        assert len(writer.notes) == 1
        assert "adopted commit 3 with 20 rows" in writer.notes[0]
        writer.commit(verdicts=verdicts(1, 30))
    with StoreReader(tmp_path) as reader:
        assert numbers(reader.verdict_tables()) == list(range(31))
        assert numbers(reader.flow_tables()) == list(range(30))
        assert reader.alert(2)["alert_id"] == 2


def test_a_copy_of_what_a_power_cut_took_from_the_database_is_dropped_once_that_is_adopted(tmp_path):
    filled(tmp_path)
    forget(tmp_path, 3)
    copies = [tmp_path / "flows" / f"00000000000{first}-000000000003.1.parquet" for first in (2, 3)]
    for path in copies:
        path.write_bytes(b"a copy that was not announced")
    more = tmp_path / "flows" / "000000000003-000000000004.1.parquet"  # of a commit that nobody has
    more.write_bytes(b"?")
    with StoreWriter(tmp_path) as writer:
        assert [note.rpartition("/")[2].partition(":")[0] for note in writer.notes] == [tmp_path.name, more.name]
    assert not any(path.exists() for path in copies)


def test_half_a_commit_is_set_aside(tmp_path):
    filled(tmp_path)
    forget(tmp_path, 3)
    (tmp_path / "flows" / "000000000003.arrow").unlink()
    with StoreWriter(tmp_path) as writer:
        assert "only a part of its commit; set aside" in writer.notes[0]
    with StoreReader(tmp_path) as reader:
        assert numbers(reader.verdict_tables()) == list(range(20))
    assert (tmp_path / "aside" / "verdicts" / "000000000003.arrow").is_file()


@pytest.mark.parametrize("harm", ["flip", "cut", "remove"])
def test_a_damaged_segment_is_set_aside_with_a_word(tmp_path, harm):
    filled(tmp_path)
    path = tmp_path / "verdicts" / "000000000002.arrow"
    data = bytearray(path.read_bytes())
    if harm == "flip":
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    elif harm == "cut":
        path.write_bytes(data[: len(data) // 2])
    else:
        path.unlink()
    with StoreWriter(tmp_path) as writer:
        (note,) = writer.notes
        assert "verdicts/000000000002.arrow" in note
        assert "set aside" in note
    with StoreReader(tmp_path) as reader:
        assert numbers(reader.verdict_tables()) == [*range(10), *range(20, 30)]
        assert reader.damaged() == ["verdicts/000000000002.arrow"]
    with StoreWriter(tmp_path) as writer:
        assert writer.notes == []


def test_leftovers_are_cleared_away(tmp_path):
    filled(tmp_path)
    (tmp_path / "flows" / "000000000004.arrow.tmp").write_bytes(b"half")
    (tmp_path / "flows" / "000000000001-000000000002.1.parquet").write_bytes(b"a copy that was not announced")
    (tmp_path / "flows" / "stranger").write_bytes(b"?")
    with StoreWriter(tmp_path) as writer:
        assert [note.partition("/flows/")[2] for note in writer.notes] == [
            "stranger: is not in the manifest; set aside"
        ]
    assert sorted(path.suffix for path in (tmp_path / "flows").iterdir()) == [".arrow"] * 3
