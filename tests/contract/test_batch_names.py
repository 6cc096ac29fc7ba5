from __future__ import annotations

import subprocess
import sys

import pytest

from contract.batch_names import NAMES


@pytest.mark.parametrize("name", ["north", "a", "0-_", "x" * 40])
def test_names_of_sensors(name):
    assert NAMES["sensor"].fullmatch(name)


@pytest.mark.parametrize("name", ["", "-a", "_a", "a.b", "a/b", "..", "ä", "a\n", "x" * 41])
def test_what_is_no_name_of_a_sensor(name):
    assert not NAMES["sensor"].fullmatch(name)
    assert not NAMES["session"].fullmatch(name)


def test_before_an_interface_is_opened_no_library_starts_a_thread():
    # Rights are given up while there is one thread: what `tenfold sensor` loads until then must keep it so.
    program = (
        "import cli.sensor, contract.batch_names, detector.sensor_link, detector.capture.live_socket, detector.rights, "
        "os; print(len(os.listdir('/proc/self/task')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
