from __future__ import annotations

import socket
import tempfile
import threading
from pathlib import Path

import pytest

from contract.errors import LackingError
from generator.outlet import connect


def test_who_listens_late_is_waited_for():
    with tempfile.TemporaryDirectory(prefix="tf") as folder, socket.socket(socket.AF_UNIX) as listener:
        path = str(Path(folder) / "s")
        asked = threading.Event()

        def stopping() -> bool:
            asked.set()
            return False

        def listen() -> None:
            asked.wait(60)
            listener.bind(path)
            listener.listen(1)

        later = threading.Thread(target=listen)
        later.start()
        with connect(path, stopping) as peer:
            accepted, _ = listener.accept()
            with accepted:
                peer.sendall(b"frames")
                assert accepted.recv(6) == b"frames"
            assert peer.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) > 0
        later.join()


def test_who_is_stopped_does_not_wait(tmp_path):
    with pytest.raises(LackingError, match="nobody listens"):
        connect(str(tmp_path / "none"), lambda: True)
