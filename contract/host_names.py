"""Host names, with or without a port, as they stand in a ``Host`` header and in the configuration."""

from __future__ import annotations

import re
from typing import Final

_NAME: Final = re.compile(
    r"(?=.{1,253}(:|$))[a-z0-9][a-z0-9-]{0,62}(\.[a-z0-9][a-z0-9-]{0,62})*(:[0-9]{1,5})?", re.IGNORECASE
)


def is_host_name(text: str) -> bool:
    """Whether it is one: letters, digits and hyphens between dots (RFC 1123), then perhaps a port."""
    return _NAME.fullmatch(text) is not None
