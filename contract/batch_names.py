"""How sensors and their sessions may be called. Needs no pyarrow: whoever opens an interface has no thread yet."""

from __future__ import annotations

import re
from typing import Final

NAMES: Final = {  # short enough that they make the name of a batch, and of a file
    "sensor": re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}"),
    "session": re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,19}"),
}
