"""The port of a campaign's page is looked at before anything starts."""

from __future__ import annotations

import socket

import pytest

from campaign.run_options import Options, check_port
from contract.errors import InputError


@pytest.mark.parametrize("port", [-1, 0, 70000])
def test_a_number_that_is_no_port_is_refused(port):
    with pytest.raises(InputError, match=f"port {port} is none"):
        check_port(port)


def test_a_free_port_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    check_port(port)


def test_a_run_serves_nothing_unless_asked():
    assert not Options().serve
