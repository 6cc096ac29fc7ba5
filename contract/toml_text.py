"""Reading TOML that anybody may have written: what takes quadratic time or nests without end is refused.

Python's reader copies a dotted key once for each of its parts, and whoever walks what it returns would recurse.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

from contract.errors import InputError

MOST_PARTS: Final = 32  # of a dotted key or the name of a table
MOST_KEYS: Final = 20_000
MOST_DIGITS: Final = 4300  # as Python's own limit
DEEPEST: Final = 64  # lists and tables within each other
# Possessive, and begun only where a part can begin: linear time, whatever the text.
_PART: Final = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
_LONG_KEY: Final = re.compile(rf"(?<![A-Za-z0-9_-])(?:{_PART}[ \t]*+\.[ \t]*+){{{MOST_PARTS}}}")
_LONG_NUMBER: Final = re.compile(rf"(?<![0-9_])[0-9_]{{{MOST_DIGITS}}}")


def read_toml(text: str, where: str) -> dict[str, Any]:
    """The document of a TOML text, which ``where`` names. Raises ``InputError`` where it is none, or one such."""
    if text.count("=") > MOST_KEYS:
        raise InputError(f"{where}: more than {MOST_KEYS:,} keys are refused")
    if found := _LONG_KEY.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise InputError(f"{where}: line {line}: a key of more than {MOST_PARTS} parts is refused")
    if found := _LONG_NUMBER.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise InputError(f"{where}: line {line}: a number of more than {MOST_DIGITS:,} digits is refused")
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not TOML: {error}") from None
    waiting: list[tuple[int, Any]] = [(0, document)]
    while waiting:
        depth, value = waiting.pop()
        if depth > DEEPEST:
            raise InputError(f"{where}: lists or tables more than {DEEPEST} deep are refused")
        inside = value.values() if isinstance(value, dict) else value
        waiting += [(depth + 1, item) for item in inside if isinstance(item, dict | list)]
    return document
