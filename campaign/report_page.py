"""What every report is made with: the templates' environment, numbers for people, the style, writing the file."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from contract.errors import InputError

if TYPE_CHECKING:  # loaded where a report is written
    from jinja2 import Environment

ASSETS: Final = Path(__file__).parent / "assets"


def environment(**filters: Callable[..., str]) -> Environment:
    """Where the templates of reports lie; a name that a template misspells is an error. ``filters`` by name."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update({"number": number, "percent": percent, "ms": milliseconds, "us": microseconds} | filters)
    return made


def style() -> str:
    """The style sheet of reports."""
    return (ASSETS / "report.css").read_text(encoding="utf-8")


def write_page(path: Path, render: Callable[[], str]) -> Path:
    """Write a page in one step. Raises ``InputError`` where its data are damaged or it cannot be written."""
    from jinja2 import UndefinedError

    try:
        text = render()
    except (TypeError, ValueError, KeyError, AttributeError, IndexError, UndefinedError) as error:
        raise InputError(
            f"{path.parent}: damaged run: a file of it does not hold what it should: {type(error).__name__}: {error}"
        ) from None
    return write_text(path, text)


def write_text(path: Path, text: str) -> Path:
    """Replace a file in one step. Raises ``InputError`` where that fails; then nothing stays behind."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot write the report: {error.strerror}") from None
    return path


def number(value: float | None) -> str:
    """A count with separators."""
    return "-" if value is None else f"{value:,.0f}"


def percent(value: float | None) -> str:
    """A share; never 100 % unless it is all, never 0 % unless it is none."""
    if value is None:
        return "-"
    digits = 100 * value
    if 99.95 <= digits < 100 or 0 < digits < 0.05:
        return f"{digits:.3f} %" if 0.0005 <= digits <= 99.9995 else ("<0.001 %" if digits < 1 else ">99.999 %")
    return f"{digits:.1f} %"


def milliseconds(value: float | None) -> str:
    """A latency for people."""
    if value is None:
        return "-"
    return f"{value / 1000:,.2f} s" if value >= 1000 else f"{value:,.1f} ms"


def microseconds(value: float | None) -> str:
    """A lateness for people."""
    if value is None:
        return "-"
    if abs(value) >= 1_000_000:
        return f"{value / 1e6:,.2f} s"
    return f"{value / 1000:,.1f} ms" if abs(value) >= 10_000 else f"{value:,.0f} us"
