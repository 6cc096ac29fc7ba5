"""Reads and writes the part of the skops format that holds data only: dictionaries, lists, texts, numbers, arrays.

The skops package reads and writes the same files (a test holds that), but importing it brings scikit-learn and takes
seconds, its ids change with every run, and it can build objects. This module builds none, whatever a file says, and the
same document gives the same bytes. Layout: a zip with ``schema.json``, a tree of nodes, and one ``.npy`` file an array.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from typing import Any, Final

import numpy as np

from contract.errors import InputError

MAX_BYTES: Final = 64 << 20  # of all members, inflated
_MAX_DEPTH: Final = 16
_PROTOCOL: Final = 2
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_JSON: Final = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode"}


def dump(document: dict[str, Any]) -> bytes:
    """The document as a skops file. Arrays must not hold objects."""
    arrays: dict[str, bytes] = {}
    counter = iter(range(1, 1 << 30))

    def node(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any of the kinds below
        number = next(counter)
        if isinstance(value, dict):
            keys = [{**_JSON, "__loader__": "TypeNode", "__id__": next(counter)} for _ in value]
            types = {**_kind("list", "ListNode"), "content": keys, "__id__": next(counter)}
            content = {str(key): node(item) for key, item in value.items()}
            return {**_kind("dict", "DictNode"), "content": content, "key_types": types, "__id__": number}
        if isinstance(value, list):
            return {**_kind("list", "ListNode"), "content": [node(item) for item in value], "__id__": number}
        if isinstance(value, np.ndarray):
            sink = io.BytesIO()
            np.save(sink, value, allow_pickle=False)
            arrays[f"{number}.npy"] = sink.getvalue()
            array = {"__class__": "ndarray", "__module__": "numpy", "__loader__": "NdArrayNode", "type": "numpy"}
            return {**array, "file": f"{number}.npy", "__id__": number}
        return {**_JSON, "content": json.dumps(value), "is_json": True, "__id__": number}

    schema = {**node(document), "protocol": _PROTOCOL, "_skops_version": "0.13.0"}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in [*arrays.items(), ("schema.json", json.dumps(schema, indent=1).encode())]:
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()


def _kind(name: str, loader: str) -> dict[str, str]:
    return {"__class__": name, "__module__": "builtins", "__loader__": loader}


# RuntimeError and those under it (recursion, not implemented) come from nested or encrypted members, MemoryError from
# an array that claims any size.
_DAMAGED: Final = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    KeyError,
    TypeError,
    OSError,
    EOFError,
    RuntimeError,
    MemoryError,
)


def load(data: bytes, where: str) -> dict[str, Any]:
    """The document of a skops file. Raises ``InputError`` where it is damaged or holds anything but data."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
                raise InputError(f"{where}: refused, it inflates to more than {MAX_BYTES >> 20} MiB")
            document = _value(json.loads(archive.read("schema.json")), archive, where, 0)
    except _DAMAGED as error:
        raise InputError(f"{where}: not a skops file: {error!r}") from None
    if not isinstance(document, dict):
        raise InputError(f"{where}: a model file holds a dictionary")
    return document


def _value(node: dict[str, Any], archive: zipfile.ZipFile, where: str, depth: int) -> Any:  # noqa: ANN401
    if depth > _MAX_DEPTH:
        raise InputError(f"{where}: nested too deeply")
    loader = node["__loader__"]
    if loader == "JsonNode":
        return json.loads(node["content"])
    if loader == "DictNode":
        return {str(key): _value(item, archive, where, depth + 1) for key, item in node["content"].items()}
    if loader == "ListNode":
        return [_value(item, archive, where, depth + 1) for item in node["content"]]
    if loader == "NdArrayNode" and node.get("type") == "numpy":
        return np.load(io.BytesIO(archive.read(node["file"])), allow_pickle=False)
    raise InputError(f"{where}: refused, it holds a {str(loader)[:40]!r}; a model is made of plain data")
