"""One target under libFuzzer: ``python -m tests.fuzz.guided NAME [libFuzzer's options] FOLDER`` (see ``explore``)."""

from __future__ import annotations

import os
import sys

os.environ["NUMBA_DISABLE_JIT"] = "1"  # before numba is loaded

import atheris  # type: ignore[import-not-found,unused-ignore] # an optional tool: make fuzz installs it

ROOMS = ["contract", "generator", "detector", "store", "campaign", "api"]
LIBRARIES = ["tomllib", "json"]

with atheris.instrument_imports(include=[*ROOMS, *LIBRARIES]):
    from tests.fuzz.explore import prepare  # the first: it switches kernels off
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Hand over to libFuzzer, which ends the process."""
    name = sys.argv.pop(1)
    prepare()
    TARGETS[name].seeds()  # what they import is not to be charged to the first input
    atheris.Setup(sys.argv, TARGETS[name].call)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
