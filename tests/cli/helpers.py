"""The command line without a process of its own: what most tests ask does not need one, and each costs seconds."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

from cli.main import main

ROOT = Path(__file__).parents[2]


def tenfold(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """``tenfold ARGUMENTS...`` in the project's folder, with ``environment``: exit code, stdout and stderr."""
    words = ["tenfold", *map(str, arguments)]
    out, err = io.StringIO(), io.StringIO()
    code: object = None
    with (
        contextlib.chdir(ROOT),
        mock.patch.object(sys, "argv", words),
        mock.patch.dict(os.environ, environment),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code
    assert isinstance(code, int), "main() ends the process"
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())
