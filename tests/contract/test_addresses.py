from __future__ import annotations

import ipaddress

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import addresses
from contract.errors import InputError

ANY = st.ip_addresses()


@given(ANY)
def test_text_and_bytes_round_trip(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    packed = addresses.to_bytes(str(address))
    assert len(packed) == addresses.WIDTH
    back = ipaddress.ip_address(addresses.to_text(packed))
    mapped = address.ipv4_mapped if address.version == 6 else None
    assert back == (mapped or address)


def test_not_an_address() -> None:
    with pytest.raises(InputError, match="'nonsense' is not an IP address"):
        addresses.to_bytes("nonsense")


@given(st.lists(ANY, max_size=20))
def test_columns_round_trip(values: list[ipaddress.IPv4Address | ipaddress.IPv6Address]) -> None:
    packed = [addresses.to_bytes(str(value)) for value in values]
    column = pa.array(packed, pa.binary(16))
    array = addresses.column_to_array(column)
    assert [row.tobytes() for row in array] == packed
    assert addresses.array_to_column(array).equals(column)
    assert addresses.texts(array) == [addresses.to_text(row) for row in packed]


@given(st.lists(st.lists(st.sampled_from([0, 0, 0, 1, 0xAB, 0x10F, 0xFFFF]), min_size=8, max_size=8), max_size=20))
def test_groups_of_zeros_are_left_out_as_the_standard_library_does(groups: list[list[int]]) -> None:
    packed = np.array(groups, ">u2").reshape(-1, 8).view(np.uint8)
    assert addresses.texts(packed) == [addresses.to_text(row.tobytes()) for row in packed]


def test_link_addresses_as_people_write_them() -> None:
    macs = np.array([0x0200000000AB, 0, 0xFFFFFFFFFFFF], np.uint64)
    assert addresses.mac_column(macs).to_pylist() == ["02:00:00:00:00:ab", "", "ff:ff:ff:ff:ff:ff"]
    assert addresses.mac_column(macs[:0]).to_pylist() == []


def test_strings_are_the_letters_that_are_shown() -> None:
    letters = np.frombuffer(b"abcdef", np.uint8).reshape(2, 3)
    shown = np.array([[True, False, True], [False, False, False]])
    assert addresses.strings(letters, shown).to_pylist() == ["ac", ""]


def test_sliced_and_chunked_columns() -> None:
    column = pa.array([bytes([i]) * 16 for i in range(5)], pa.binary(16))
    assert addresses.column_to_array(column[2:4])[:, 0].tolist() == [2, 3]
    assert addresses.column_to_array(pa.chunked_array([column[:1], column[3:]]))[:, 0].tolist() == [0, 3, 4]
    assert addresses.column_to_array(pa.chunked_array([], pa.binary(16))).shape == (0, 16)


NETWORK = st.one_of(
    st.tuples(st.ip_addresses(v=4), st.integers(0, 32)), st.tuples(st.ip_addresses(v=6), st.integers(96, 128))
).map(lambda pair: f"{pair[0]}/{pair[1]}")


@given(st.lists(NETWORK, max_size=4), st.lists(ANY, max_size=20))
def test_networks_against_the_standard_library(
    prefixes: list[str], values: list[ipaddress.IPv4Address | ipaddress.IPv6Address]
) -> None:
    # IPv4 stands for its mapped IPv6 address: compare in that one space
    def mapped(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
        return int.from_bytes(addresses.to_bytes(str(address)), "big")

    ranges = [
        (mapped(n.network_address), mapped(n.broadcast_address))
        for n in (ipaddress.ip_network(prefix, strict=False) for prefix in prefixes)
    ]
    array = np.frombuffer(b"".join(addresses.to_bytes(str(v)) for v in values), np.uint8).reshape(-1, 16)
    expected = [any(low <= mapped(value) <= high for low, high in ranges) for value in values]
    assert addresses.Networks(prefixes).contains(array).tolist() == expected
    assert len(addresses.Networks(prefixes)) == len(prefixes)


def test_networks_refuse_nonsense() -> None:
    with pytest.raises(InputError, match="neither an IP address nor a prefix"):
        addresses.Networks(["10.0.0.0/99"])
