"""A capture as pcapng with a comment on each frame of an attack: family and attempt (opt_comment of its packet block).

Whole batches are laid out at a time (draft-ietf-opsawg-pcapng); frames, times and lengths stay what they were.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from campaign.frame_keys import Pieces, keys_of
from campaign.labels import NO_ENTRY, is_attack, label_flows, numbers, pair_truth, times, words
from contract.errors import InputError
from contract.truth import Truth
from detector.capture.opening import open_capture
from detector.packet import columns_of
from generator.sinks.pcapng import HEADER

_STEP: Final = 8192  # frames laid out at a time: the index of their bytes is eight times as large as they are
_ETHERNET: Final = 1
_COMMENT: Final = 1
_SLACK_NS: Final = 1_000_000
Json = dict[str, Any]
Words = npt.NDArray[np.object_]


def write_commented(capture: Path, truth: Truth | pa.Table, out: Path) -> Json:
    """Write ``out``; how many frames, and how many of them bear a comment. Raises ``InputError``."""
    source = open_capture(capture)
    temporary = out.with_name(f".{out.name}.part")
    frames = commented = 0
    pieces = Pieces()
    try:
        with temporary.open("wb") as file:
            file.write(HEADER)
            for batch in source.batches():
                columns = columns_of(batch)
                if (columns.link != _ETHERNET).any():
                    raise InputError(f"{capture}: comments are put on Ethernet frames; this has others")
                for low in range(0, len(columns.ts), _STEP):
                    part = slice(low, min(low + _STEP, len(columns.ts)))
                    offsets = columns.offsets[part.start : part.stop + 1].astype(np.int64)
                    data = np.asarray(columns.data[offsets[0] : offsets[-1]])
                    offsets = offsets - offsets[0]
                    ts = np.asarray(columns.ts[part], np.int64)
                    said = _comments(keys_of(data, offsets, ts, pieces), truth)
                    file.write(_blocks(data, offsets, ts, columns.wire_len[part].astype(np.int64), said))
                    frames += len(ts)
                    commented += int((said != b"").sum())
        temporary.replace(out)
    except OSError as error:
        raise InputError(f"{out}: cannot write: {error.strerror or error}") from None
    finally:
        temporary.unlink(missing_ok=True)
    return {"frames": frames, "commented": commented, "out": str(out), "notes": list(source.notes)}


def _comments(frames: pa.Table, truth: Truth | pa.Table) -> Words:
    """What to say of each frame, b"" of ordinary ones."""
    said = np.full(frames.num_rows, b"", object)
    if isinstance(truth, Truth):
        labels = label_flows(frames, truth)
        for n, entry in enumerate(truth.entries):
            if is_attack(np.array([entry.family], object))[0]:
                said[labels == n] = f"tenfold family={entry.family} entry={n}".encode()
        said[labels == NO_ENTRY] = b""
        return said
    first, last = times(frames, "first"), times(frames, "last")
    there = (times(truth, "last") >= first.min() - _SLACK_NS) & (times(truth, "first") <= last.max() + _SLACK_NS)
    there &= is_attack(words(truth, "family"))
    near = truth.filter(pa.array(there))
    pairs = pair_truth(frames, near)
    family, attempt = words(near, "family"), numbers(near, "attempt")
    # Of several attempts in one flow (echo requests) the last that had begun is the frame's.
    rows, code = np.unique(pairs.truth, return_inverse=True)
    if len(rows):
        names = [f"tenfold family={family[row]} attempt={attempt[row]}".encode() for row in rows]
        said[pairs.flow] = np.array(names, object)[code]
    return said


def _blocks(data: Any, offsets: Any, ts: Any, wire_len: Any, said: Words) -> bytes:  # noqa: ANN401 - numpy arrays
    """Enhanced packet blocks of some frames, one behind the other."""
    size = np.diff(offsets)
    padded = (size + 3) // 4 * 4
    names, code = np.unique(said.astype(bytes), return_inverse=True)
    length = np.array([len(name) for name in names], np.int64)[code]
    options = np.where(length > 0, 4 + (length + 3) // 4 * 4 + 4, 0)
    total = 32 + padded + options
    begin = np.cumsum(total) - total
    out = np.zeros(int(total.sum()), np.uint8)
    _scatter(out, begin + 28, data, offsets[:-1], size)
    heads = np.stack([np.full(len(size), 6), total, np.zeros(len(size)), ts >> 32, ts & 0xFFFFFFFF, size, wire_len], 1)
    _put(out, begin, heads.astype("<u4"))
    _put(out, begin + total - 4, total[:, None].astype("<u4"))
    mine = np.flatnonzero(length)
    at = begin[mine] + 28 + padded[mine]
    _put(out, at, np.stack([np.full(len(mine), _COMMENT), length[mine]], 1).astype("<u2"))
    text = np.frombuffer(b"".join(names), np.uint8)
    starts = (np.cumsum([len(n) for n in names]) - [len(n) for n in names])[code]
    _scatter(out, at + 4, text, starts[mine], length[mine])
    return out.tobytes()


def _scatter(out: Any, targets: Any, source: Any, starts: Any, sizes: Any) -> None:  # noqa: ANN401 - numpy arrays
    """Copy ``sizes[i]`` bytes from ``starts[i]`` to ``targets[i]``, for all i at once."""
    inside = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    out[np.repeat(targets, sizes) + inside] = source[np.repeat(starts, sizes) + inside]


def _put(out: Any, at: Any, values: Any) -> None:  # noqa: ANN401 - numpy arrays
    """Write each row of ``values`` at its place."""
    raw = np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1)
    if len(raw):
        out[at[:, None] + np.arange(raw.shape[1])] = raw
