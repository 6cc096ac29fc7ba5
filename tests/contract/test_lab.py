from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.errors import InputError, LackingError
from contract.lab import enter, exists, returning

NAME = f"tft-{os.getpid()}-enter"
SAY = "import sys; from contract.lab import enter; enter(sys.argv[1]); print(open('/proc/net/dev').read())"


@pytest.fixture
def namespace() -> Iterator[str]:
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("network namespaces need root and iproute2")
    subprocess.run(["ip", "netns", "add", NAME], check=True)
    subprocess.run(
        ["ip", "-n", NAME, "link", "add", "tft-here", "type", "veth", "peer", "name", "tft-there"], check=True
    )
    yield NAME
    subprocess.run(["ip", "netns", "del", NAME], check=True)


def test_who_enters_sees_what_is_there_and_nothing_else(namespace: str) -> None:
    assert exists(namespace)
    seen = subprocess.run([sys.executable, "-c", SAY, namespace], capture_output=True, text=True, check=True).stdout
    names = {line.split(":")[0].strip() for line in seen.splitlines() if ":" in line}
    assert {"tft-here", "tft-there"} <= names
    assert "eth0" not in names


def test_a_namespace_that_is_not_there_is_a_lack() -> None:
    assert not exists("tft-none")
    with pytest.raises(LackingError, match="tenfold lab up"):
        enter("tft-none")


@pytest.mark.parametrize("name", ["", "..", ".", "../../proc/1/ns/net", "/proc/1/ns/net"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="no name"):
        enter(name)


def test_a_thread_that_entered_a_namespace_comes_back_to_its_own(namespace: str) -> None:
    seen = []

    def there_and_back() -> None:
        own = Path("/proc/thread-self/ns/net")
        seen.append(own.stat().st_ino)
        with returning():
            enter(namespace)
            seen.append(own.stat().st_ino)
        seen.append(own.stat().st_ino)

    thread = threading.Thread(target=there_and_back)
    thread.start()
    thread.join()
    before, within, after = seen
    assert before == after != within
