"""Which form of an answer a client wants: by ``Accept`` with its q-values (RFC 9110), or by name with ``format``."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from api.problems import ProblemError

ARROW: Final = "application/vnd.apache.arrow.stream"
NDJSON: Final = "application/x-ndjson"
# The first of a media type is what ``Accept`` means by it; the others are asked for by name.
MEDIA: Final = {
    "json": "application/json",
    "eve": NDJSON,
    "arrow": ARROW,
    "csv": "text/csv",
    "ocsf": NDJSON,
    "ndjson": NDJSON,
}


def chosen(accept: str | None, asked: str | None) -> str:
    """The name of the form: ``asked`` where it is given, else the one that ``Accept`` likes best; 406 for none.

    Forms that are liked equally go in the order of ``MEDIA``, JSON first.
    """
    if asked is not None:
        return asked
    if accept is None or not accept.strip():
        return "json"
    ranges = _ranges(accept)
    best, name = 0.0, ""
    for form, media in MEDIA.items():
        quality = _quality(media, ranges)
        if quality > best:
            best, name = quality, form
    if not name:
        kinds = ", ".join(dict.fromkeys(MEDIA.values()))
        raise ProblemError(
            HTTPStatus.NOT_ACCEPTABLE,
            "not-acceptable",
            f"there is no form of this that Accept allows; there are {kinds}",
        )
    return name


def _ranges(accept: str) -> list[tuple[str, float]]:
    """Media ranges with their q-values; what cannot be read counts as 0, so that it chooses nothing."""
    found = []
    for part in accept.lower().split(","):
        name, *parameters = [piece.strip() for piece in part.split(";")]
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                quality = _number(value.strip())
        if name:
            found.append((name, quality))
    return found


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 <= value <= 1 else 0.0


def _quality(media: str, ranges: list[tuple[str, float]]) -> float:
    """How much a media type is liked: the most specific range that holds it decides."""
    family = media.partition("/")[0]
    for wanted in (media, f"{family}/*", "*/*"):
        for name, quality in ranges:
            if name == wanted:
                return quality
    return 0.0
