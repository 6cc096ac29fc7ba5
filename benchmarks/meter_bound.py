"""What bounds a meter on this machine: the least that parsing, hashing and counting take, in numba and in C."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from contract.jit import kernel

_C = r"""
#include <stdint.h>
#include <string.h>
typedef struct { uint64_t ends; uint32_t ports, protocol; uint64_t packets, bytes; } flow;
static inline uint64_t mix(uint64_t x) { x ^= x >> 33; x *= 0xff51afd7ed558ccdULL; x ^= x >> 33; return x; }
uint64_t bound(const uint8_t *data, int64_t count, int64_t size, flow *table, uint64_t mask) {
  uint64_t found = 0;
  for (int64_t n = 0; n < count; n++) {
    const uint8_t *p = data + n * size;
    uint32_t a, b, ports; uint16_t total;
    memcpy(&a, p + 26, 4); memcpy(&b, p + 30, 4); memcpy(&ports, p + 34, 4); memcpy(&total, p + 16, 2);
    if (b < a) { uint32_t t = a; a = b; b = t; ports = ports << 16 | ports >> 16; }
    uint64_t ends = (uint64_t)a << 32 | b, at = mix(ends ^ mix(ports ^ (uint64_t)p[23] << 32)) & mask;
    while (table[at].packets && (table[at].ends != ends || table[at].ports != ports || table[at].protocol != p[23]))
      at = (at + 1) & mask;
    flow *f = table + at;
    if (!f->packets) { f->ends = ends; f->ports = ports; f->protocol = p[23]; found++; }
    f->packets++; f->bytes += (uint16_t)(total << 8 | total >> 8);
  }
  return found;
}
"""


def c_bound(data: npt.NDArray[np.uint8], rounds: int) -> tuple[float, int] | str:
    """Seconds of processor time of a C loop over these frames of equal size and the flows that it finds, or why not."""
    compiler = shutil.which("cc")
    if compiler is None:
        return "no C compiler here"
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "bound.c"), Path(folder, "bound.so")
        source.write_text(_C)
        subprocess.run([compiler, "-O3", "-march=native", "-shared", "-fPIC", "-o", library, source], check=True)
        function = ctypes.CDLL(str(library)).bound
        function.restype = ctypes.c_uint64
        pointer = ctypes.c_void_p
        times, found = [], 0
        for _ in range(rounds):
            table = np.ones((1 << 20) * 4, np.uint64)
            table[:] = 0
            began = time.process_time()
            found = function(
                pointer(data.ctypes.data),
                ctypes.c_int64(len(data)),
                ctypes.c_int64(data.shape[1]),
                pointer(table.ctypes.data),
                ctypes.c_uint64((1 << 20) - 1),
            )
            times.append(time.process_time() - began)
        return min(times), int(found)


def numba_bound(data: npt.NDArray[np.uint8], rounds: int) -> float:
    """Seconds of processor time of the same loop in numba."""
    times = []
    for _ in range(rounds + 1):  # the first one compiles
        table = np.ones((1 << 20, 4), np.uint64)
        table[:] = 0
        began = time.process_time()
        _loop(data, table)
        times.append(time.process_time() - began)
    return min(times[1:])


@kernel
def _loop(data: npt.NDArray[np.uint8], table: npt.NDArray[np.uint64]) -> Any:  # noqa: ANN401 - an integer of numba
    mask, found = np.uint64(len(table) - 1), 0
    for n in range(len(data)):
        frame = data[n]
        one, two = np.uint64(0), np.uint64(0)
        for i in range(4):
            one = (one << np.uint64(8)) | np.uint64(frame[26 + i])
            two = (two << np.uint64(8)) | np.uint64(frame[30 + i])
        first = (np.uint64(frame[34]) << np.uint64(8)) | np.uint64(frame[35])
        second = (np.uint64(frame[36]) << np.uint64(8)) | np.uint64(frame[37])
        if two < one:
            one, two, first, second = two, one, second, first
        ends = (one << np.uint64(32)) | two
        rest = (first << np.uint64(24)) | (second << np.uint64(8)) | np.uint64(frame[23])
        at = ends ^ (rest * np.uint64(0x9E3779B97F4A7C15))
        at = (at ^ (at >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
        at = (at ^ (at >> np.uint64(33))) & mask
        while table[at, 2] and (table[at, 0] != ends or table[at, 1] != rest):
            at = (at + np.uint64(1)) & mask
        if table[at, 2] == 0:
            table[at, 0], table[at, 1] = ends, rest
            found += 1
        table[at, 2] += np.uint64(1)
        table[at, 3] += (np.uint64(frame[16]) << np.uint64(8)) | np.uint64(frame[17])
    return found
