"""Many stamps of one form at once: what ``campaign.alert_times`` makes of each alone.

Texts of one length and form are read as columns of digits; whatever else there is goes to ``Stamps`` one by one, which
says what is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from campaign.alert_columns import each
from campaign.alert_times import LATEST, UNITS, Stamps

I64 = npt.NDArray[np.int64]
_HEAD: Final = "0000-00-00T00:00:00.000000"
_TAILS: Final = ("Z", "+0000", "+00:00")
_FORMS: Final = {len(_HEAD + tail): _HEAD + tail for tail in _TAILS}
_WIDTHS: Final = (4, 2, 2, 2, 2, 2, 6, 2, 2)  # year, month, day, hour, minute, second, microsecond, offset
_FRACTION: Final = 6  # digits of a second, as Snort and Suricata write them between slashes
_SECONDS: Final = 1e11  # a number below it is of seconds, as of ``Stamps.number``


def iso_times(values: Sequence[object], stamps: Stamps) -> I64:
    """Epoch ns of ISO 8601 texts, int64 ``(n,)``. Raises ``ValueError``."""
    found = _iso(values)
    return np.array([stamps.iso(one) for one in values], np.int64) if found is None else found  # type: ignore[arg-type] # told by iso


def any_times(values: Sequence[object], stamps: Stamps, unit: str = "") -> I64:
    """Epoch ns of what JSON or a table holds: numbers since the epoch, or ISO 8601. Raises ``ValueError``."""
    kinds = set(map(type, values))
    found = None
    if kinds == {str}:
        found = _decimals(values) if unit in ("", "s") else None
        found = _iso(values) if found is None else found
    elif kinds == {float}:
        found = _floats(np.array(values, np.float64), unit)
    elif kinds == {int}:
        found = _wholes(values, unit)
    return np.array([stamps.any(one, unit) for one in values], np.int64) if found is None else found


def slashed_times(values: Sequence[object], stamps: Stamps) -> I64:
    """Epoch ns of ``07/14-10:00:00.123456`` and its kin, whose year is settled once a second. Raises ``ValueError``."""
    letters = _letters(values)
    if letters is None or letters.shape[1] <= _FRACTION or (letters[:, -1 - _FRACTION] != ord(".")).any():
        return np.array([stamps.slashed(str(one)) for one in values], np.int64)
    digits = letters[:, -_FRACTION:] - np.uint32(ord("0"))
    if (digits > 9).any():
        return np.array([stamps.slashed(str(one)) for one in values], np.int64)
    seconds = each([str(one)[: -1 - _FRACTION] for one in values], lambda one: stamps.slashed(str(one)))
    return np.array(seconds, np.int64) + 1000 * _number(digits)


def _letters(values: Sequence[object]) -> npt.NDArray[np.uint32] | None:
    """Code points of texts that are equally long, ``(n, length)``; None of others."""
    if set(map(type, values)) != {str}:
        return None
    table = np.array(values)
    width = table.dtype.itemsize // 4
    if set(map(len, values)) != {width}:  # type: ignore[arg-type] # texts, as was seen above
        return None
    return table.view(np.uint32).reshape(len(values), width)


def _number(digits: npt.NDArray[np.uint32]) -> I64:
    """Of each row of digits."""
    found: I64 = digits.astype(np.int64) @ 10 ** np.arange(digits.shape[1] - 1, -1, -1)
    return found


def _iso(values: Sequence[object]) -> I64 | None:
    letters = _letters(values)
    form = _FORMS.get(letters.shape[1]) if letters is not None else None
    if letters is None or form is None:
        return None
    codes = np.array([form]).view(np.uint32)
    at = np.flatnonzero(codes == ord("0"))
    digits = letters[:, at] - np.uint32(ord("0"))
    fixed = np.setdiff1d(np.arange(len(form)), at)
    if form[len(_HEAD)] == "+":
        fixed = fixed[fixed != len(_HEAD)]
    if (digits > 9).any() or (letters[:, fixed] != codes[fixed]).any():
        return None
    sign = letters[:, len(_HEAD)]
    if not np.isin(sign, [ord(one) for one in "+-Z"]).all():
        return None
    parts = _parts(digits)
    zero = np.zeros(len(letters), np.int64)
    year, month, day, hour, minute, second, micro, ahead_h, ahead_m = (*parts, zero, zero)[: len(_WIDTHS)]
    most = ((month, 12), (hour, 23), (minute, 59), (second, 59), (ahead_h, 23), (ahead_m, 59))
    if (month < 1).any() or (day < 1).any() or any((part > limit).any() for part, limit in most):
        return None
    if ((year < 1831) | (year > 2108)).any():
        return None
    months = (12 * (year - 1970) + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    if (days.astype("datetime64[M]") != months).any():
        return None
    ahead = np.where(sign == ord("-"), -1, 1) * (60 * ahead_h + ahead_m)
    minutes = 1440 * days.astype(np.int64) + 60 * hour + minute - ahead
    found: I64 = (1_000_000 * (60 * minutes + second) + micro) * 1000
    return found


def _parts(digits: npt.NDArray[np.uint32]) -> list[I64]:
    ends = [0, *np.cumsum(_WIDTHS).tolist()]
    return [_number(digits[:, begin:end]) for begin, end in pairwise(ends) if end <= digits.shape[1]]


def _decimals(values: Sequence[object]) -> I64 | None:
    """Of ``1720000000.123456``: exact, as text."""
    letters = _letters(values)
    if letters is None:
        return None
    dot = str(values[0]).find(".")
    if not 1 <= dot <= 10 or not 2 <= letters.shape[1] - dot <= 10 or (letters[:, dot] != ord(".")).any():
        return None
    digits = np.delete(letters, dot, axis=1) - np.uint32(ord("0"))
    if (digits > 9).any():
        return None
    whole, rest = _number(digits[:, :dot]), digits[:, dot:]
    if (whole >= LATEST // 10**9).any():
        return None
    found: I64 = 10**9 * whole + 10 ** (9 - rest.shape[1]) * _number(rest)
    return found


def _floats(values: npt.NDArray[np.float64], unit: str) -> I64 | None:
    if not np.isfinite(values).all() or (not unit and (np.abs(values) >= _SECONDS).any()):
        return None
    micro = np.rint(values * UNITS[unit or "s"] / 1000)
    if (np.abs(micro) >= LATEST // 1000).any():
        return None
    found: I64 = micro.astype(np.int64) * 1000
    return found


def _wholes(values: Sequence[object], unit: str) -> I64 | None:
    try:
        numbers = np.array(values, np.int64)
    except OverflowError:
        return None
    scale = UNITS[unit or "s"]
    most = LATEST // scale if unit else min(LATEST // scale, int(_SECONDS) - 1)
    return None if ((numbers > most) | (numbers < -most)).any() else numbers * scale
