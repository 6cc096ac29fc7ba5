"""Becomes the program that a detector file names: ``python -m campaign.foreign_program NETNS COMMAND...``.

It is started by ``campaign.child`` and so does not outlive its campaign. NETNS is a network namespace of the lab, or
``-`` for where we are. No shell is involved: the command is what the file says, word for word.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from contract.errors import TenfoldError
from contract.lab import enter

_RUNNING, _INODE = 5, 8  # columns of /proc/net/packet


def packet_sockets(pid: int | str) -> frozenset[str]:
    """The packet sockets (inodes) that receive, in the network namespace of a process (``/proc/PID/net/packet``).

    Suricata, Zeek, Snort and whatever uses libpcap have one as soon as they listen.
    """
    try:
        rows = Path(f"/proc/{pid}/net/packet").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return frozenset()
    fields = [row.split() for row in rows]
    return frozenset(row[_INODE] for row in fields if len(row) > _INODE and row[_RUNNING] == "1")


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
