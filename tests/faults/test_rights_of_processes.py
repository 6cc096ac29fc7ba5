"""What the image promises, held to real processes: nobody's user, no capability at all, a root that cannot be written.

There is no container engine here: the kernel's own means make the same room. A mount namespace in which everything but
a small folder is read-only, an empty bounding set (capset(2), prctl(2)), uid and gid 8150.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.api.helpers import until
from tests.detector.streams import tcp
from tests.detector.wires import LISTEN, needs_wire, wire

ROOT = Path(__file__).parents[2]
UID = 8150
# In a mount namespace of its own: everything read-only, but for one folder; then no right is left, and another user.
ENTER = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE, CLONE_NEWNS = 1, 32, 4096, 16384, 1 << 18, 0x20000
def must(result):
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
must(libc.unshare(CLONE_NEWNS))
must(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None))
data = sys.argv[1].encode()
os.chown(data, UID, UID)
must(libc.mount(data, data, None, MS_BIND, None))
# An interpreter in a home that only root may enter: that home is emptied, and the interpreter put back into it.
python = os.path.realpath(sys.base_prefix)
above = [python[:at] for at, letter in enumerate(python) if letter == "/" and at]
closed = next((place for place in above if not os.stat(place).st_mode & 1), None)
if closed:
    aside = os.path.join(sys.argv[1], ".python")
    os.mkdir(aside)
    must(libc.mount(python.encode(), aside.encode(), None, MS_BIND | MS_REC, None))
    must(libc.mount(b"tmpfs", closed.encode(), b"tmpfs", 0, b"mode=755"))
    os.makedirs(python)
    must(libc.mount(aside.encode(), python.encode(), None, MS_BIND | MS_REC, None))
    must(libc.umount(aside.encode()))
places = sorted({line.split()[4] for line in open("/proc/self/mountinfo")}, key=len)
for place in places:
    if place.encode() != data and not place.startswith(("/proc", "/sys", "/dev")):
        libc.mount(None, place.encode(), None, MS_REMOUNT | MS_BIND | MS_RDONLY, None)
for capability in range(64):
    libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
os.setgroups([])
os.setresgid(UID, UID, UID)
os.setresuid(UID, UID, UID)
must(libc.prctl(38, 1, 0, 0, 0))  # PR_SET_NO_NEW_PRIVS
os.chdir(data)
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
""".replace("UID", str(UID))

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may make such a room (unshare, capset)")


@pytest.fixture
def data() -> Iterator[Path]:
    """The one folder that the image may write; not within pytest's own, which none but root may enter."""
    with tempfile.TemporaryDirectory(prefix="tenfold-rights-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def entered(data: Path, *words: str, **more: object) -> subprocess.Popen[str]:
    # No kernels are compiled here: those that lie beside the sources are found, or a folder in data is used.
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(data),
    }
    environment["NUMBA_CACHE_DIR"] = os.environ.get("NUMBA_CACHE_DIR", "") or str(data / ".kernels")
    command = [sys.executable, "-c", ENTER, str(data), *words]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, **more)  # type: ignore[call-overload,no-any-return] # **more


def rights(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    found = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    return {name: found[name] for name in ("Uid", "CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb", "NoNewPrivs")}


def assert_none(found: dict[str, str]) -> None:
    assert found["Uid"].split() == [str(UID)] * 4
    assert {found[name] for name in found if name.startswith("Cap")} == {"0" * 16}
    assert found["NoNewPrivs"] == "1"


def test_the_room_is_what_it_says(data: Path) -> None:
    words = "import pathlib\n" + "\n".join(
        f"try: pathlib.Path({place!r}).write_text('x'); print('wrote', {place!r})\nexcept OSError as e: print(e.errno)"
        for place in ("/x", "/usr/x", "/etc/x", str(ROOT / "x"), str(data / "x"))
    )
    process = entered(data, "-c", words, stdout=subprocess.PIPE)
    told, errors = process.communicate(timeout=60)
    assert not errors
    assert told.splitlines()[:-1] == ["30", "30", "30", "30"] or set(told.splitlines()[:-1]) <= {"30", "13"}
    assert told.splitlines()[-1] == f"wrote {data / 'x'}"


def test_the_service_answers_without_any_right(data: Path) -> None:
    process = entered(data, "-m", "api.server", "--runs", str(data / "runs"), "--port", "0")
    assert process.stderr is not None
    try:
        url = next(line.split("serves ")[1].split()[0] for line in process.stderr if "serves http" in line)
        with urllib.request.urlopen(f"{url.rstrip('/')}/healthz", timeout=30) as reply:
            assert reply.status == 200
        assert_none(rights(process.pid))
    finally:
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode in (0, -15)


@needs_wire
def test_a_detector_on_an_interface_has_no_right_left_in_any_thread_and_goes_on_reading(tmp_path: Path) -> None:
    """Started by root, as a campaign over the wire starts it: what it opened stays open, and that is all."""
    status = tmp_path / "status.json"
    with wire() as own:
        words = ["--interface", LISTEN, "--netns", own.listening, "--store", str(tmp_path / "store")]
        command = [sys.executable, "-m", "detector.service", *words, "--status", str(status)]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as detector, own.sender() as sender:
            try:
                until(lambda: said(status).get("state") in ("listening", "serving") or detector.poll() is not None, 300)
                for number in range(50):
                    sender.send(tcp("198.18.0.1", "198.18.1.1", 1024 + number, 80))
                until(lambda: said(status).get("received", 0) >= 50 or detector.poll() is not None)
                threads = [int(path.name) for path in Path(f"/proc/{detector.pid}/task").iterdir()]
                found = [rights(thread) for thread in threads]
            finally:
                detector.terminate()
                errors = detector.communicate(timeout=120)[1]
    assert detector.returncode == 0, errors
    assert len(found) > 1
    for one in found:
        assert {one[name] for name in one if name.startswith("Cap")} == {"0" * 16}
        assert one["NoNewPrivs"] == "1"


def said(path: Path) -> dict[str, Any]:
    """A status file, empty before the first."""
    with suppress(OSError, ValueError):
        found = json.loads(path.read_bytes())
        return found if isinstance(found, dict) else {}
    return {}
