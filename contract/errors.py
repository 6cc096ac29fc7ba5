"""Errors that a user sees, each with the exit code of the command line."""

from __future__ import annotations

from typing import Final

_LONGEST: Final = 2000


class TenfoldError(Exception):
    """Base of what is shown to a user as one clear line, without a traceback.

    The text says what is wrong, where, and what to do about it. It may quote names out of hostile input: what is not
    printable (line feeds, what steers a terminal) is shown escaped, and the line is cut at 2,000 characters.
    """

    exit_code = 2

    def __str__(self) -> str:
        text = super().__str__()
        if len(text) > _LONGEST:
            text = f"{text[:_LONGEST]} (and {len(text) - _LONGEST:,} characters more)"
        if text.isprintable():
            return text
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class InputError(TenfoldError):
    """Bad usage or bad input: a missing file, a damaged capture, an unknown scenario (exit 2)."""


class UnsafeError(InputError):
    """A plan or frame that would leave the lab's address ranges (exit 2)."""


class JudgedError(TenfoldError):
    """Something was judged and did not pass (exit 1)."""

    exit_code = 1


class LackingError(TenfoldError):
    """The environment lacks something: says what, and how to get it (exit 3)."""

    exit_code = 3


class FullError(LackingError):
    """The disk has no room for it now; later it may (exit 3)."""
