"""Runs a module as a child that does not outlive its parent: ``python -m campaign.child PARENT_PID MODULE [ARGS...]``.

The kernel sends the child SIGTERM when the parent dies, however it dies, so that a killed campaign leaves no orphan.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def main() -> None:
    """Bind this process to its parent and become the module."""
    parent, module = int(sys.argv[1]), sys.argv[2]
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before we asked
        sys.exit(f"{module}: the parent is gone")
    sys.argv = [module, *sys.argv[3:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
