import numpy as np
import pytest

from detector.arithmetic import log1
from detector.features_flow import (
    NAMES_AND_ARP,
    TIMING,
    TRANSPORT,
    VOLUME,
    names_and_arp,
    share,
    timing,
    transport,
    volume,
)
from tests.detector.flows_by_hand import SECOND, START, empty, put


def facts_of(writer, names, **facts):
    table = empty()
    put(table, 0, 1, 2, **facts)
    out = np.full(len(names), np.nan, np.float32)
    assert writer(table.flows[0], out, 0) == len(names)
    return dict(zip(names, out.tolist(), strict=True))


def test_shares_and_logarithms():
    assert share(1, 4) == 0.25
    assert share(1, 0) == 0.0
    assert log1(0) == 0.0
    assert log1(-5) == 0.0


def test_volume():
    found = facts_of(
        volume, VOLUME, packets=(4, 2), bytes=(400, 4000), payload=(200, 3800), payload_packets=(2, 2), turns=2
    )
    assert found["flow_packets_fwd"] == pytest.approx(np.log1p(4))
    assert found["flow_payload_share_fwd"] == 0.5
    assert found["flow_payload_balance"] == pytest.approx(-3600 / 4001)
    assert found["flow_turns_share"] == 0.5
    assert found["flow_amplification"] == pytest.approx(np.log(4040 / 440), rel=1e-5)


def test_equal_sizes_have_no_spread():
    found = facts_of(volume, VOLUME, packets=(3, 0), bytes=(300, 0), size_squares=(30000, 0))
    assert found["flow_size_spread_fwd"] == 0.0


def test_timing():
    found = facts_of(
        timing, TIMING, packets=(3, 1), last=START + 2 * SECOND, gap_mean=(1.0, 0.0), gap_m2=(0.5, 0.0), response=10**7
    )
    assert found["flow_duration"] == pytest.approx(np.log1p(2000))
    assert found["flow_rate"] == pytest.approx(np.log1p(2))
    assert found["flow_gap_spread_fwd"] == pytest.approx(0.5)
    assert found["flow_gap_mean_bwd"] == -1
    assert found["flow_response"] == pytest.approx(np.log1p(10))
    assert found["flow_answered"] == 1


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({}, "is_tcp"),
        ({}, "tcp_syn_first"),
        ({"protocol": 17}, "is_udp"),
        ({"protocol": 1, "port": (8, 0)}, "icmp_echo"),
        ({"protocol": 58, "port": (1, 4)}, "icmp_error"),
        ({"protocol": 1, "port": (0, 0)}, "icmp_reply"),
        ({"mac": (1, 0x01005E000001)}, "is_group"),
        ({"tcp_state": 3}, "tcp_half_open"),
        ({"tcp_state": 0, "flags": (1 | 8 | 32, 0)}, "tcp_odd_flags"),
        ({"tcp_state": 0, "flags": (0, 0), "no_flags": 1}, "tcp_odd_flags"),
        ({"tcp_state": 64}, "tcp_rst_bwd"),
    ],
)
def test_transport(facts, name):
    assert facts_of(transport, TRANSPORT, **facts)[name] == 1


def test_a_flow_to_itself():
    table = empty()
    put(table, 0, 5, 5)
    out = np.zeros(len(TRANSPORT), np.float32)
    transport(table.flows[0], out, 0)
    assert out[TRANSPORT.index("is_land")] == 1


def test_names():
    found = facts_of(
        names_and_arp,
        NAMES_AND_ARP,
        protocol=17,
        dns_queries=4,
        dns_replies=2,
        dns_name_bytes=200,
        dns_entropy_sum=16.0,
        dns_nxdomain=1,
    )
    assert found["dns_name_length"] == 0.5
    assert found["dns_entropy"] == 4
    assert found["dns_missing_share"] == 0.5
    assert found["dns_reply_share"] == 0.5


def test_arp():
    found = facts_of(
        names_and_arp, NAMES_AND_ARP, protocol=0x0806, arp_operation=2, arp_replies=5, mac=(7, 0), arp_mac=(8, 0)
    )
    assert found["arp_reply_first"] == 1
    assert found["arp_replies_unasked"] == pytest.approx(np.log1p(5))
    assert found["arp_mac_differs"] == 1
