"""The mapping of a generic format (its faults are tested where it is used, in tests/campaign/adapters)."""

from __future__ import annotations

import pytest

from campaign.alert_record import BadLineError, ReadSettings, address
from campaign.generic_fields import COLUMNS, Fields


def test_every_column_reaches_the_alert() -> None:
    fields = Fields(ReadSettings(fields={name: name for name in COLUMNS}))
    values = dict(
        zip(COLUMNS, (5, "198.18.0.1", "198.18.0.2", 1, 2, "udp", "1:x", "s", "7", "c", "3", "T1046"), strict=True)
    )
    (row,) = fields.row(lambda name: values[str(name)])
    assert (row.time, row.src, row.src_port, row.dst_port, row.protocol) == (5 * 10**9, address("198.18.0.1"), 1, 2, 17)
    assert row.kind == ("s", "7", "c", "3", "T1046")
    assert row.community_id == "1:x"


def test_a_unit_is_honoured_and_a_bad_time_told() -> None:
    fields = Fields(ReadSettings(fields={"time": "t", "src": "s", "time_unit": "ms"}))
    assert fields.row(lambda name: {"t": 5, "s": None}[str(name)])[0].time == 5_000_000
    with pytest.raises(BadLineError, match="time"):
        fields.row(lambda name: {"t": None, "s": None}[str(name)])
