"""What rules ask for beside the model's features."""

from __future__ import annotations

import numpy as np
import pytest

from detector.features import MODEL_WIDTH, WIDTH, features
from detector.features import NAMES as ALL
from detector.features_beside import NAMES
from detector.rare_facts import TIME_EXCEEDED
from detector.side_rows import take_row
from detector.windows import update
from detector.windows_state import new_windows
from tests.detector.flows_by_hand import START, empty, put, slots_of


def beside(first=(b"", b""), rare=None, count=1, **facts):
    """The columns of the last of ``count`` like flows, whose sides begin with these bytes."""
    table, windows = empty(), new_windows()
    for slot in range(count):
        put(table, slot, 1, 2, **facts)
        table.flows["payload_row"][slot] = slot + 1
        for side in range(2):
            table.flows["payload_kept"][slot, side] = len(first[side])
            table.payload[slot + 1, side, : len(first[side])] = np.frombuffer(first[side], np.uint8)
    for name, value in (rare or {}).items():
        table.rare.rows[take_row(table.rare, count - 1)][name] = value
    update(windows, table, slots_of(count), START)
    row = features(table, windows, slots_of(count), START)[-1]
    return dict(zip(NAMES, row[MODEL_WIDTH:].tolist(), strict=True))


def test_they_stand_behind_the_columns_of_the_model():
    assert ALL[MODEL_WIDTH:] == NAMES
    assert len(ALL) == WIDTH


def test_refused_logins_are_counted_by_flow_source_service_and_conversation():
    found = beside(count=4, logins_refused=2)
    assert found["logins_refused"] == pytest.approx(np.log1p(2))
    for who in ("src", "service", "conversation"):
        assert found[f"{who}_logins_refused_600s"] == pytest.approx(np.log1p(8))
    assert found["conversation_logins_refused_share"] == pytest.approx(2)


def test_who_begins_after_a_silence_and_what_both_say_then():
    rare = {"resumed": (1, 5), "begun": 2, "exchanged": (30, 60, 400, 100)}  # the fifth has not ended
    found = beside(rare=rare)
    assert (found["resumed_by_caller"], found["resumed_by_called"]) == pytest.approx(np.log1p([1, 5]))
    assert found["called_begins_share"] == pytest.approx(5 / 6)
    assert (found["called_asks"], found["called_is_told"]) == pytest.approx(np.log1p([25, 100]))
    assert found["called_told_balance"] == pytest.approx(300 / 501)
    assert (found["caller_asks"], found["caller_is_told"]) == pytest.approx(np.log1p([30, 60]))
    assert beside()["called_begins_share"] == 0


def test_a_probe_of_a_route_dies_early():
    errors = np.zeros(6, np.uint32)
    errors[TIME_EXCEEDED - 1] = 1
    found = beside(rare={"icmp_errors": errors}, ttl_first=(3, 0))
    assert (found["flow_time_exceeded"], found["flow_dies_early"]) == (pytest.approx(np.log1p(1)), 1)
    assert beside(ttl_first=(64, 0))["flow_dies_early"] == 0


def test_states():
    assert beside(tcp_state=1)["tcp_closed"] == 0
    assert beside(tcp_state=1 | 32)["tcp_closed"] == 1
    assert beside(address=((0, 0xFFFF00000000), (0, 0xFFFFFFFFFFFF)))["src_unaddressed"] == 1
    assert beside()["src_unaddressed"] == 0
    assert beside(over_reads=3)["tls_over_reads"] == pytest.approx(np.log1p(3))


SAID = {
    "app_rtp": (17, b"\x80\x60" + bytes(range(30)), b"\xc0\x60" + bytes(range(30))),
    "app_snmp": (17, b"\x30\x1c\2\1\1\4\6public\xa0\x0f" + bytes(15), b"\x30\x1c\2\1\3\4\6public\xa0" + bytes(16)),
    "app_ldap": (6, b"\x30\x0c\2\1\1\x60\7\2\1\3\4\0\x80\0", b"\x30\x0c\2\1\1\x04\7\2\1\3\4\0\x80\0"),
    "app_stratum": (6, b'{"id":1,"method":"mining.subscribe"}', b'{"id":1,"method":"login","params":[]}'),
    "app_mail": (6, b"EHLO a\r\n", b"USER a\r\n"),
}


@pytest.mark.parametrize("name", SAID)
def test_protocols_are_read_from_what_is_said(name):
    protocol, own, other = SAID[name]
    assert beside((own, b""), protocol=protocol)[name] == 1
    assert beside((other, b""), protocol=protocol)[name] == 0
    assert beside((own, b""), protocol=23 - protocol)[name] == 0
    for size in range(len(own)):
        beside((own[:size], b""), protocol=protocol)


def test_mailboxes_and_jobs_are_known_by_what_the_other_side_says():
    assert beside((b"", b"+OK ready\r\n"))["app_mail"] == 1
    assert beside((b"", b"* OK ready\r\n"))["app_mail"] == 1
    assert beside((b"", b"220 ready\r\n"))["app_mail"] == 0
    assert beside((b"", b'{"result":{"job":{"blob":"0606"}}}'))["app_stratum"] == 1
