"""Many stamps of one form at once: ``2024-07-26T19:30:00.123456+0200``, as EVE writes them."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

I64 = npt.NDArray[np.int64]
_FORM: Final = np.frombuffer(b"0000-00-00T00:00:00.000000+0000", np.uint8)
_DIGITS: Final = np.flatnonzero(ord("0") == _FORM)
_SIGN: Final = 26
_SIGNS: Final = np.setdiff1d(np.arange(len(_FORM)), [*_DIGITS.tolist(), _SIGN])
_WIDTHS: Final = (4, 2, 2, 2, 2, 2, 6, 2, 2)  # year, month, day, hour, minute, second, microsecond, offset


def iso_column(column: pa.Array | pa.ChunkedArray) -> I64 | None:
    """Epoch ns of each text (int64, ``(n,)``); None where one is missing, has another form, or is no time.

    Then ``campaign.alert_times`` reads them one by one, and says what is wrong.
    """
    if column.null_count or not pc.all(pc.equal(pc.binary_length(column), len(_FORM)), min_count=0).as_py():
        return None
    fixed = column.cast(pa.binary()).cast(pa.binary(len(_FORM)))
    letters = np.concatenate([_letters(part) for part in getattr(fixed, "chunks", [fixed])] or [_FORM[:0]])
    letters = letters.reshape(-1, len(_FORM))
    digits = letters[:, _DIGITS] - np.uint8(ord("0"))
    sign = letters[:, _SIGN]
    if (digits > 9).any() or (letters[:, _SIGNS] != _FORM[_SIGNS]).any() or not np.isin(sign, (43, 45)).all():
        return None
    year, month, day, hour, minute, second, micro, ahead_h, ahead_m = _numbers(digits)
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


def _letters(fixed: pa.Array) -> npt.NDArray[np.uint8]:
    data = fixed.buffers()[1]
    width = len(_FORM)
    return np.frombuffer(data, np.uint8, len(fixed) * width, fixed.offset * width) if data else _FORM[:0]


def _numbers(digits: npt.NDArray[np.uint8]) -> list[I64]:
    found, at = [], 0
    for width in _WIDTHS:
        found.append(digits[:, at : at + width].astype(np.int64) @ 10 ** np.arange(width - 1, -1, -1))
        at += width
    return found
