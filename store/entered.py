"""What the last writing of each alert entered into the indexes: so that the next one enters only what is new.

An alert is written again and again with much the same hosts, of which each entry costs as much as any other row.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, TypeVar

_MOST: Final = 8192  # sets that are remembered
_T = TypeVar("_T", bound=Hashable)


class Entered:
    """Remembers sets of names by what they are (``host``, ``port``) and by alert, those that changed last.

    What it forgets is entered once more, which changes nothing: it may forget at any time.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._known: OrderedDict[tuple[str, int], set[Hashable]] = OrderedDict()

    def fresh(self, what: str, alert: int, names: set[_T]) -> set[_T]:
        """Those names that the last writing of this alert did not have."""
        known = self._known.pop((what, alert), set())
        self._known[what, alert] = set(names)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return names - known

    def forget(self) -> None:
        """What was entered last may have been taken back."""
        self._known.clear()
