"""Kills, failing calls and power cuts at every file call of the store's writer and of the ingest spool."""

from __future__ import annotations

import errno
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract.errors import InputError
from tests.faults import calls
from tests.faults.calls import KILL, SHORT, Call, Judge, Outcome, Works
from tests.faults.disk import Disk
from tests.faults.held import check_spool, check_store, said
from tests.faults.length import FULL, often, some
from tests.faults.tally import HISTORIES, count, numbers_of, share
from tests.faults.works import COMMITS

Check = Callable[..., list[str]]
WORKS = {"keep": check_store, "post": check_spool}
ERRORS = (errno.EIO, errno.ENOSPC, errno.EMFILE, errno.EINTR)
KINDS = ("open", "write", "fsync", "rename", "unlink", "truncate", "mkdir")


@pytest.fixture(scope="module")
def works() -> Iterator[Works]:
    with calls.works() as found:
        yield found


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in memory where there is one: thousands of stores are made in it."""
    shared = Path("/dev/shm")
    folder = tmp_path_factory.mktemp("crash")
    if shared.is_dir():
        folder = shared / f"tenfold-{folder.parent.name}-{folder.name}"
        folder.mkdir()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def recorded(works: Works, memory: Path) -> dict[str, Outcome]:
    """Each piece of work undisturbed, with all that it wrote."""
    found = {work: works.run(work, memory / f"whole-{work}", lambda _: 0, whole=True) for work in WORKS}
    for work, outcome in found.items():
        assert outcome.ended == ""
        assert len(outcome.numbers("acknowledged")) == COMMITS
        assert Counter(call.kind for call in outcome.calls).keys() >= {"open", "write", "fsync", "rename"}
        WORKS[work](memory / f"whole-{work}", outcome)
    return found


def at(number: int, verdict: int, kinds: tuple[str, ...] = KINDS) -> Judge:
    """Says ``verdict`` at the call of that number among those of some kinds, counted from 0."""
    left = [number]

    def judge(call: Call) -> int:
        if call.kind not in kinds:
            return 0
        left[0] -= 1
        return verdict if left[0] == -1 else 0

    return judge


def fresh(memory: Path) -> Path:
    folder = memory / "now"
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def files(outcome: Outcome) -> list[Call]:
    return [call for call in outcome.calls if call.kind != "said"]


@pytest.mark.parametrize(("work", "count"), [("keep", 18), ("post", 12)])
def test_killed_at_any_call_nothing_is_lost_or_doubled(work, count, works, memory, recorded):
    """The named points of the write path are its calls: each file, each step. The process dies before each in turn."""
    points = range(len(files(recorded[work])))
    for point in some(points, count):
        folder = fresh(memory)
        first = works.run(work, folder, at(point, KILL))
        assert first.ended == "status 9"
        again = works.run(work, folder, lambda _: 0, COMMITS)
        assert again.ended == ""
        assert len(again.numbers("acknowledged")) == COMMITS
        WORKS[work](folder, first, again)


@pytest.mark.parametrize(("work", "count"), [("keep", 4), ("post", 4)])
def test_killed_while_it_recovers_it_recovers_the_next_time(work, count, works, memory, recorded):
    randomness = random.Random(815)
    points = len(files(recorded[work]))
    for _ in range(often(count, 400)):
        folder = fresh(memory)
        lives = [works.run(work, folder, at(randomness.randrange(points), KILL))]
        lives += [works.run(work, folder, at(randomness.randrange(40), KILL), COMMITS * (n + 1)) for n in range(2)]
        WORKS[work](folder, *lives)


@pytest.mark.parametrize(("work", "count"), [("keep", 16), ("post", 14)])
def test_a_failing_call_is_told_and_nothing_is_corrupt(work, count, works, memory, recorded):
    """The n-th open, write, fsync, ... fails, for each n until none is left, and for each error."""
    found = Counter(call.kind for call in files(recorded[work]))
    cases = [(kind, n, error) for kind in found for n in range(found[kind]) for error in ERRORS]
    cases += [("write", n, SHORT) for n in range(found["write"])]
    for kind, number, error in some(cases, count):
        folder = fresh(memory)
        outcome = works.run(work, folder, at(number, error, (kind,)))
        case = f"{kind} {number} fails with {error}: {outcome.ended} {outcome.said}"
        assert not outcome.ended or outcome.ended.startswith("refused: "), case
        silent = said([outcome], "sent") - said([outcome], "acknowledged") - said([outcome], "refused")
        assert not silent or outcome.ended, case
        if not outcome.ended:  # a second try is always taken: the fault was one
            assert len(outcome.numbers("acknowledged")) == COMMITS, case
        WORKS[work](folder, outcome)


@pytest.mark.parametrize(("work", "count"), [("keep", 3), ("post", 3)])
def test_a_full_disk_is_told_and_room_is_used_again(work, count, works, memory, recorded):
    """From some write on, whatever needs room fails, until a while later there is some again."""
    randomness = random.Random(815)
    points = len(files(recorded[work]))
    for _ in range(often(count, 300)):
        begin, length = randomness.randrange(points), randomness.choice((5, 30, 10_000))
        place = iter(range(1 << 30))

        def judge(call: Call) -> int:
            full = begin <= next(place) < begin + length  # noqa: B023 - asked at once
            return errno.ENOSPC if full and (call.kind in ("write", "mkdir", "rename") or call.creates) else 0

        folder = fresh(memory)
        outcome = works.run(work, folder, judge)
        assert not outcome.ended or outcome.ended.startswith("refused: "), outcome.ended
        again = works.run(work, folder, lambda _: 0, COMMITS)
        assert len(again.numbers("acknowledged")) == COMMITS, again.ended
        WORKS[work](folder, outcome, again)


def histories(
    outcome: Outcome,
    check: Check,
    memory: Path,
    count: int,
    *,
    randomness: random.Random | None = None,
    before: Path | None = None,
    lives: tuple[Outcome, ...] = (),
) -> int:
    """Cut the power at random calls of a recording, again and again; in how many the check failed."""
    randomness = randomness or random.Random(815)
    wrong = 0
    for _ in range(count):
        upto = randomness.randrange(len(outcome.calls) + 1)
        disk = Disk(before)
        for call in outcome.calls[:upto]:
            disk.take(call)
        folder = fresh(memory)
        disk.lose_power(folder, randomness)
        try:
            check(folder, *lives, Outcome(outcome.calls[:upto]))
        except (AssertionError, InputError):  # lost; or it is no store any more
            wrong += 1
            if not lives and before is None and outcome.ended != "careless":
                raise
    return wrong


@pytest.mark.parametrize("work", WORKS)
def test_a_power_cut_takes_nothing_that_was_acknowledged(work, memory, recorded, request):
    """Acknowledged is in recovered is in sent, over 10,000 histories in full."""
    cuts = share(HISTORIES, 0.5)
    assert histories(recorded[work], WORKS[work], memory, cuts, randomness=numbers_of(request)) == 0
    count(request, Counter({f"power cuts ({work})": cuts}))


@pytest.mark.parametrize("work", WORKS)
def test_the_simulated_disk_finds_a_writer_that_does_not_sync(work, memory, recorded):
    """The test's own test: the same calls without any fsync lose what was acknowledged."""
    careless = Outcome([call for call in recorded[work].calls if call.kind != "fsync"], "careless")
    assert histories(careless, WORKS[work], memory, 15) > 0


@pytest.mark.skipif(not FULL, reason="optional: in full only (make faults)")
def test_power_cuts_one_after_the_other_take_nothing(works, memory, recorded):
    randomness = random.Random(815)
    for number in range(100):
        place = memory / f"life-{number}"
        first = works.run("keep", place, at(randomness.randrange(len(files(recorded["keep"]))), KILL))
        before = memory / "before"
        shutil.rmtree(before, ignore_errors=True)
        shutil.copytree(place, before)
        second = works.run("keep", place, lambda _: 0, COMMITS, whole=True)
        assert histories(second, check_store, memory, 20, before=before, lives=(first,)) == 0
        shutil.rmtree(place)
