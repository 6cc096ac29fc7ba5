"""Places of every kind: a folder, a filesystem of fsspec, and S3 as a server on this machine speaks it."""

from __future__ import annotations

import builtins
import contextlib
import io

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from pyarrow import fs

from contract.errors import InputError, LackingError
from store.lake.files import FilesLake
from store.lake.place import File, open_place
from tests.store.lake.helpers import ROWS, archive, make_store

SECRET = "a-secret-that-nobody-sees"


@pytest.fixture(scope="module")
def s3():
    """A server with a bucket, and the environment by which clients find it."""
    from moto.server import ThreadedMotoServer  # a second to import: not for workers that only collect

    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "an-id", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }.items():  # fmt: skip
            patch.setenv(name, value)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        with contextlib.redirect_stderr(io.StringIO()):
            server.start()
            host, port = server.get_host_and_port()
            patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
            maker = fs.S3FileSystem(
                endpoint_override=f"http://{host}:{port}",
                allow_bucket_creation=True,
                connect_timeout=60,
                request_timeout=60,
            )
            maker.create_dir("bucket")
            yield "s3://bucket"
            server.stop()


@pytest.fixture(params=["folder", "memory", "s3"])
def url(request, tmp_path):
    if request.param == "s3":
        return f"{request.getfixturevalue('s3')}/{tmp_path.name}"
    return str(tmp_path / "place") if request.param == "folder" else f"memory://{tmp_path.name}/place"


def test_files_are_written_whole_listed_renamed_and_removed(url):
    place = open_place(url)
    place.check()
    assert place.files("a") == []
    assert place.read("a/x") is None
    place.write("a/x", pa.py_buffer(b"one"))
    place.write("a/x", pa.py_buffer(b"three"))
    place.write("a/b=1/y", pa.py_buffer(b"2"))
    assert [(file.name, file.size) for file in place.files("a")] == [("a/b=1/y", 1), ("a/x", 5)]
    place.rename("a/x", "a/z")
    assert place.read("a/z").to_pybytes() == b"three"
    place.remove("a/b=1/y")
    place.remove("a/b=1/y")
    assert [file.name for file in place.files("a")] == ["a/z"]
    assert File("x", 1, 2).name == "x"


def test_a_run_is_archived_and_merged_there(url, tmp_path):
    lake = FilesLake(open_place(url))
    archive(make_store(tmp_path / "store"), lake)
    assert lake.tend(("flows",), None, 1 << 27).files_made == 2
    place = lake.place
    data = ds.dataset(
        [f"{place.root}/{file.name}" for file in place.files("flows")], filesystem=place.filesystem, format="parquet"
    )
    database = duckdb.connect().register(
        "flows", data.to_table()
    )  # DuckDB reads s3:// by itself only with an extension that it downloads
    found = database.execute("SELECT count(*), count(DISTINCT row), min(row), max(row) FROM flows").fetchall()
    assert found == [(ROWS, ROWS, 0, ROWS - 1)]


def test_a_bucket_that_is_not_there_is_one_clear_line(s3):
    with pytest.raises(InputError, match="there is no bucket 'nobody-made-it'; make it first"):
        FilesLake(open_place("s3://nobody-made-it/x"))
    with pytest.raises(InputError, match="no such bucket"):
        open_place("s3://nobody-made-it/x").write("y", pa.py_buffer(b"1"))


def test_a_server_that_is_away_is_one_clear_line_without_the_secret(s3, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(LackingError) as told:
        FilesLake(open_place(f"{s3}/x"))
    assert "s3://bucket/x" in str(told.value)
    assert SECRET not in str(told.value)
    assert str(told.value).count("\n") == 0


def test_a_filesystem_that_nobody_knows_or_whose_library_is_not_there(monkeypatch):
    with pytest.raises(InputError, match="nonsense"):
        open_place("nonsense://x/y")
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("fsspec"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(LackingError, match=r"memory:// needs fsspec: pip install 'tenfold\[lake\]'"):
        open_place("memory://x/y")


def test_a_disk_that_refuses_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LackingError, match="Not a directory"):
        open_place(str(tmp_path / "file" / "below")).write("x", pa.py_buffer(b"1"))
