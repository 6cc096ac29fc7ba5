"""Stands by while a run has made a lab for itself, and takes the lab down if that run is killed.

``python -m campaign.lab_keeper LOCK NAME NAME NAME NAME``: waits for the end of its stdin, which the kernel brings
about however its parent ends. A parent that ends in order says ``done`` first, and has seen to the lab itself.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from contract.errors import TenfoldError
from generator.lab import namespaces
from generator.lab.namespaces import Lab

_DONE: Final = b"done"
_ROOT: Final = Path(__file__).parent.parent


@contextmanager
def keeper(lab: Lab, lock: Path) -> Iterator[None]:
    """While the block lasts a keeper stands by. ``lock`` is the file that whoever uses the lab holds locked."""
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    with subprocess.Popen(  # noqa: S603 - our own module with our own arguments
        [sys.executable, "-m", "campaign.lab_keeper", str(lock), *lab],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        stdin=subprocess.PIPE,
        start_new_session=True,  # what kills the run's group does not kill it
    ) as process:
        try:
            yield
        finally:
            process.communicate(_DONE)


def main(arguments: list[str]) -> int:
    """Wait, and clean up where that is needed."""
    lock, lab = Path(arguments[0]), Lab(*arguments[1:])
    if sys.stdin.buffer.read() == _DONE:
        return 0
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # another run may have begun to use it: then after that
        try:
            namespaces.down(lab)
        except TenfoldError as error:
            sys.stderr.write(f"tenfold: {error}\n")
            return error.exit_code
        finally:
            lock.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
