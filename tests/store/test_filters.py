from __future__ import annotations

import ipaddress

import numpy as np
import pyarrow as pa
import pytest

from contract.addresses import to_text
from contract.errors import InputError
from contract.families import catalogue
from store.filters import Filters, bounds, matching
from tests.store.helpers import verdicts


def test_family_and_group_must_both_hold():
    assert Filters().families() is None
    assert Filters(family="syn_flood").families() == {"syn_flood"}
    assert Filters(group="dos", family="syn_flood").families() == {"syn_flood"}
    assert Filters(group="recon", family="syn_flood").families() == frozenset()
    assert Filters(group="exfiltration").families() == {
        name for name, family in catalogue().items() if family.group == "exfiltration"
    }
    assert "benign" in Filters(group="benign").families()


@pytest.mark.parametrize(
    "filters",
    [Filters(family="x"), Filters(group="x"), Filters(host="x"), Filters(host="198.18.0.0/33"), Filters(port=65536)],
)
def test_what_cannot_match_is_refused(filters):
    with pytest.raises(InputError):
        filters.check()


def test_what_can_match_is_not():
    Filters(family="benign", group="benign", host="2001:2::1", community_id="1:x").check()


def test_a_technique_holds_its_sub_techniques():
    assert {"syn_flood", "reflection_amplification", "other_dos"} <= Filters(technique="T1498").families()
    assert "reflection_amplification" not in Filters(technique="T1498.001").families()
    assert Filters(technique="T149").families() == frozenset()
    assert Filters(technique="T1498", family="port_scan").families() == frozenset()


@pytest.mark.parametrize(
    ("host", "first", "last"),
    [
        ("198.18.0.7", "198.18.0.7", "198.18.0.7"),
        ("198.18.3.7/23", "198.18.2.0", "198.18.3.255"),
        ("2001:2::/48", "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff"),
    ],
)
def test_bounds_of_a_prefix(host, first, last):
    assert [tuple(map(to_text, stretch)) for stretch in bounds(host)] == [(first, last)]


@pytest.mark.parametrize("host", ["198.18.0.7", "198.18.0.0/30", "198.18.0.0/16", "2001:2::/48", "::/0"])
@pytest.mark.parametrize("port", [None, 1030, 80, 8])
def test_rows_of_a_host_and_port_are_those_of_a_slow_look(host, port):
    batch = verdicts(600)
    protocol = np.where(np.arange(600) % 4 == 0, 1, 6).astype(np.uint16)
    table = pa.Table.from_batches([batch.set_column(batch.schema.get_field_index("protocol"), "protocol", protocol)])
    found = matching(table, Filters(host=host, port=port), "decided")
    network = ipaddress.ip_network(host, strict=False)
    wanted = [
        row["flow_id"]
        for row in table.select(["flow_id", "src", "dst", "src_port", "dst_port", "protocol"]).to_pylist()
        if any(_inside(row[side], network) for side in ("src", "dst"))
        and (port is None or (row["protocol"] == 6 and port in (row["src_port"], row["dst_port"])))
    ]
    assert found.column("flow_id").to_pylist() == wanted


def _inside(packed, network):
    address = ipaddress.ip_address(to_text(packed))
    return address.version == network.version and address in network
