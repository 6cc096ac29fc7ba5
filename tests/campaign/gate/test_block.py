"""What can go wrong with a build; blocks of sound ones are in ``test_regression``."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaign.gate.block import BlockError, run_block
from campaign.gate.builds import at_path
from campaign.gate.feed import Feed
from campaign.gate.frames import make
from tests.campaign.gate.scenes import tiny

CHILD = "import runpy, sys\nsys.argv = sys.argv[2:]\nrunpy.run_module(sys.argv[0], run_name='__main__')\n"


def broken(folder: Path, service: str):
    """A build whose detector is this program."""
    for room in ("detector", "campaign"):
        (folder / room).mkdir(parents=True)
        (folder / room / "__init__.py").touch()
    (folder / "campaign" / "child.py").write_text(CHILD)
    (folder / "detector" / "service.py").write_text(service)
    return at_path("base", folder)


@pytest.fixture(scope="module")
def feed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frames")
    return Feed(make(folder, tiny(folder), 1.0, 0.5, 3).capture)


LISTENING = """
import json, pathlib, socket, sys
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
listener = socket.socket(socket.AF_UNIX)
listener.bind(options["--socket"])
listener.listen(1)
status = pathlib.Path(options["--status"])
status.write_text(json.dumps({"state": "listening"}))
connection, _ = listener.accept()
"""


def test_a_build_that_does_not_start_says_its_last_words(tmp_path, feed):
    build = broken(tmp_path / "tree", "raise SystemExit('no model here')")
    with pytest.raises(BlockError, match=r"base: detector\.service ended with code 1: no model here") as caught:
        run_block(build, feed, tmp_path / "block")
    assert not caught.value.loss


def test_a_build_that_dies_under_way_is_named(tmp_path, feed):
    build = broken(tmp_path / "tree", LISTENING + "connection.recv(1)\nsys.exit('died')\n")
    with pytest.raises(BlockError, match=r"base: .*died"):
        run_block(build, feed, tmp_path / "block")


def test_a_build_of_another_language_cannot_be_compared(tmp_path, feed):
    build = broken(tmp_path / "tree", LISTENING + "while connection.recv(1 << 20): pass\n")
    with pytest.raises(BlockError, match="speaks another language"):
        run_block(build, feed, tmp_path / ("long" * 30) / "block")  # and a socket's path may be long
