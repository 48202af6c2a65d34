"""A port that cannot be listened on, by what the system says of it."""

from __future__ import annotations

import socket

import pytest

from fieldwright.data.errors import ModelError
from fieldwright.serving.hosting.server import Address


def test_a_port_that_cannot_be_had_says_why():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ModelError, match=rf"Port {port} of 127.0.0.1 must be free to listen on"):
            Address("127.0.0.1", port).listen()
    # An address of a network for documentation, which no machine has (RFC 5737).
    with pytest.raises(ModelError, match=r"must be on an address of this machine.*Correct --host"):
        Address("192.0.2.1", 0).listen()
