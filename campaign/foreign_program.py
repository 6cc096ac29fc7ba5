"""Becomes the program that a detector file names: ``python -m campaign.foreign_program NETNS COMMAND...``.

It is started by ``campaign.child`` and so does not outlive its campaign. NETNS is a network namespace of the lab, or
``-`` for where we are. No shell is involved: the command is what the file says, word for word.
"""

from __future__ import annotations

import os
import sys

from contract.errors import TenfoldError
from contract.lab import enter


def main(arguments: list[str]) -> int:
    """Become the program; returns only where that cannot be."""
    namespace, *command = arguments
    try:
        if namespace != "-":
            enter(namespace)
        os.execvp(command[0], command)  # noqa: S606 - what the user's own file names
    except TenfoldError as error:
        sys.stderr.write(f"{error}\n")
    except OSError as error:
        sys.stderr.write(f"{command[0]}: cannot be started: {error.strerror}\n")
    return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
