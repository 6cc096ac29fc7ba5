"""Errors that a user sees, each with the exit code of the command line."""

from __future__ import annotations


class TenfoldError(Exception):
    """Base of what is shown to a user as one clear line, without a traceback.

    The text says what is wrong, where, and what to do about it.
    """

    exit_code = 2


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
