"""The table of a configuration that is needed before anything else is read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from detector.live_settings import Live, live_of

ROOT = Path(__file__).parents[2]


def test_what_can_be_used_is_used_and_the_rest_is_for_the_checker() -> None:
    assert live_of("") == Live()
    assert live_of("not TOML [") == Live()
    assert live_of("live = 3") == Live()
    text = '[live]\nfilter = "tcp"\npromiscuous = true\nring_mib = "8"\nsnaplen = true\nodd = 1\n'
    assert live_of(text) == Live("tcp", promiscuous=True)


def test_no_library_is_loaded_for_it() -> None:
    """Threads of a library would keep the rights that are to be given up."""
    code = "import sys, detector.live_settings; print('numpy' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
