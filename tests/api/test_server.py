from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from api.server import check_runs, listen, main, url_of
from contract.errors import InputError
from tests.api.helpers import serving


def test_a_free_port_is_found_and_a_taken_one_is_named():
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        assert url_of(first) == f"http://127.0.0.1:{port}/"
        with pytest.raises(InputError, match=f"port {port} is in use"):
            listen("127.0.0.1", port)


def test_bad_usage_is_one_line_and_code_2(tmp_path, capsys):
    assert main(["--runs", str(tmp_path), "--host", "0.0.0.0"]) == 2
    assert main(["--runs", str(tmp_path), "--run", "nothing"]) == 2
    assert main(["--runs", str(tmp_path), "--run", "../etc"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("tenfold: ") for line in lines)


def test_no_folder_is_made_for_a_service_that_cannot_be(tmp_path, capsys):
    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        assert main(["--runs", str(tmp_path / "new"), "--port", port]) == 2
    assert main(["--runs", str(tmp_path / "new"), "--port", "0", "--run", "none"]) == 2
    assert capsys.readouterr().err.count("\n") == 2
    assert not (tmp_path / "new").exists()


def test_a_file_is_no_runs_folder(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(InputError, match="is no folder"):
        check_runs(file)


def test_an_unwritable_place_is_refused():
    with pytest.raises(InputError, match="cannot use it"):
        check_runs(Path("/proc/tenfold/runs"))  # not even root makes a folder there


def test_a_signal_ends_it_in_order(tmp_path):
    with serving(tmp_path) as client:
        assert client.get("/healthz").status_code == 200
        client.process.terminate()
        assert client.process.wait(30) == 0


def test_the_module_needs_a_folder():
    done = subprocess.run([sys.executable, "-m", "api.server"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--runs" in done.stderr
