"""The suite itself may not reach the network: what runs here runs offline."""

import socket

import pytest
from pytest_socket import SocketBlockedError

pytestmark = pytest.mark.filterwarnings("ignore:A test tried to use socket")


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_socket_is_refused(kind: int) -> None:
    with pytest.raises(SocketBlockedError):
        socket.socket(socket.AF_INET, kind)


def test_a_host_is_not_reached() -> None:
    with pytest.raises(SocketBlockedError):
        socket.create_connection(("127.0.0.1", 9), timeout=1)
