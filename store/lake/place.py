"""Where an archive lies: a folder, or a prefix in an object store, named by its URL.

Credentials come from where the client library looks by itself (environment, profile, role of the machine), never from
the URL and never from a request; no message repeats them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import fs

from contract.errors import InputError, LackingError
from store.segments import publish, write_synced

_OBJECTS: Final = ("s3", "gs", "gcs", "abfs", "abfss")  # a write appears whole, or not at all
_CONNECT_S: Final = 5.0
_ANSWER_S: Final = 60.0
_TRIES: Final = 3
_REFUSED: Final = (
    "ACCESS_DENIED",
    "INVALID_ACCESS_KEY",
    "SIGNATURE",
    "UNRECOGNIZED_CLIENT",
    "FORBIDDEN",
    "HTTP status 403",
)
_EXTRA: Final = "pip install 'tenfold[lake]'"


class File(NamedTuple):
    """A file of a place: its name from there on, bytes, and when it was written (epoch nanoseconds)."""

    name: str
    size: int
    written_ns: int


@dataclass(frozen=True)
class Place:
    """A folder of ``filesystem``. All names are relative to it, with ``/`` between their parts."""

    url: str
    filesystem: fs.FileSystem
    root: str
    objects: bool

    def write(self, name: str, data: pa.Buffer) -> None:
        """Write a file, in place of one that has the name: whole, or not at all. Raises ``LackingError``."""
        with self._faults(name):
            path = f"{self.root}/{name}"
            if isinstance(self.filesystem, fs.LocalFileSystem):
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                write_synced(Path(path), data)
                publish(Path(path))
                return
            made = path if self.objects else f"{path}.tmp"
            if not self.objects:
                self.filesystem.create_dir(str(PurePosixPath(path).parent), recursive=True)
            with self.filesystem.open_output_stream(made) as file:
                file.write(data)
            found = self.filesystem.get_file_info(made)
            if found.size != data.size:
                raise LackingError(f"{self.url}/{name}: {found.size} of {data.size} bytes were taken")
            if made != path:
                self.filesystem.move(made, path)

    def read(self, name: str) -> pa.Buffer | None:
        """What a file holds; None where there is none. Raises ``LackingError``."""
        with self._faults(name):
            try:
                with self.filesystem.open_input_file(f"{self.root}/{name}") as file:
                    return file.read_buffer()
            except FileNotFoundError:
                return None

    def files(self, folder: str) -> list[File]:
        """The files in a folder and below, by name; none where it is not there. Raises ``LackingError``."""
        with self._faults(folder):
            chosen = fs.FileSelector(f"{self.root}/{folder}", recursive=True, allow_not_found=True)
            found = self.filesystem.get_file_info(chosen)
        cut = len(self.root) + 1
        return sorted(
            File(one.path[cut:], one.size, one.mtime_ns or 0) for one in found if one.type == fs.FileType.File
        )

    def remove(self, name: str) -> None:
        """Remove a file, if it is there. Raises ``LackingError``."""
        with self._faults(name):
            try:
                self.filesystem.delete_file(f"{self.root}/{name}")
            except FileNotFoundError:
                return

    def rename(self, name: str, to: str) -> None:
        """Give a file another name. Raises ``LackingError``."""
        with self._faults(name):
            self.filesystem.move(f"{self.root}/{name}", f"{self.root}/{to}")

    def check(self) -> None:
        """Raise ``InputError`` where the bucket is not there, ``LackingError`` where it cannot be asked."""
        bucket = self.root.split("/", 1)[0] if self.objects else ""
        if bucket:
            with self._faults(""):
                found = self.filesystem.get_file_info(bucket)
            if found.type == fs.FileType.NotFound:
                raise InputError(f"{self.url}: there is no bucket {bucket!r}; make it first")

    @contextmanager
    def _faults(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:  # what pyarrow raises of a remote system is one, too
            text = str(error).split("\n", maxsplit=1)[0]
            where = f"{self.url}/{name}" if name else self.url
            if "NO_SUCH_BUCKET" in text:
                raise InputError(f"{where}: there is no such bucket; make it first") from None
            if any(word in text for word in _REFUSED):
                raise LackingError(
                    f"{where}: access is refused; are the credentials of the environment right?"
                ) from None
            raise LackingError(f"{where}: {error.strerror or text}") from None


def open_place(url: str) -> Place:
    """The place that a URL names: ``s3://bucket/prefix``, a path, or whatever else pyarrow or fsspec opens.

    Raises ``InputError`` where it is none, ``LackingError`` where a library for it is not installed.
    """
    check_url(url)
    parts = urlsplit(url)
    clean = url.rstrip("/")
    if parts.scheme in ("", "file"):
        path = Path(parts.path if parts.scheme else url).absolute()
        return Place(path.as_uri(), fs.LocalFileSystem(), str(path), objects=False)
    if parts.scheme == "s3":
        return Place(clean, _s3(), f"{parts.netloc}{parts.path}".rstrip("/"), objects=True)
    try:
        filesystem, root = fs.FileSystem.from_uri(clean)
    except (pa.ArrowException, OSError, ValueError):
        filesystem, root = _by_fsspec(clean)
    return Place(clean, filesystem, root.rstrip("/"), objects=parts.scheme in _OBJECTS)


def check_url(url: str) -> None:
    """Raise ``InputError`` where a URL holds what does not belong into one."""
    try:
        parts = urlsplit(url)
        secret = parts.username is not None or parts.password is not None
    except ValueError:
        raise InputError("to: it is no URL") from None
    if secret:
        raise InputError("to: names and passwords do not belong into a URL; credentials come from the environment")
    if "://" in url and (parts.query or parts.fragment):
        raise InputError(
            f"to: {parts.scheme}://{parts.netloc}{parts.path} takes no options; the environment has them (AWS_REGION)"
        )
    if not url.strip() or ("://" in url and not (parts.netloc or parts.path.strip("/"))):
        raise InputError("to: name a folder, or a URL such as s3://bucket/prefix")


def s3_endpoint() -> dict[str, str]:
    """``endpoint`` and ``region`` of S3 as far as the environment says, by their standard names."""
    found = {
        "endpoint": os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"),
        "region": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
    }
    return {name: value for name, value in found.items() if value}


def _s3() -> fs.FileSystem:
    """S3, with the credentials that its client library finds."""
    told = s3_endpoint()
    return fs.S3FileSystem(
        endpoint_override=told.get("endpoint"),
        region=told.get("region"),
        connect_timeout=_CONNECT_S,
        request_timeout=_ANSWER_S,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_TRIES),
    )


def _by_fsspec(url: str) -> tuple[fs.FileSystem, str]:
    scheme = urlsplit(url).scheme
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise LackingError(f"{scheme}:// needs fsspec: {_EXTRA}") from None
    try:
        found, root = url_to_fs(url)
    except ImportError as error:
        raise LackingError(f"{scheme}:// needs a library more: {error}") from None
    except (ValueError, OSError) as error:
        raise InputError(f"{url}: {str(error).splitlines()[0]}") from None
    return fs.PyFileSystem(fs.FSSpecHandler(found)), str(root)
