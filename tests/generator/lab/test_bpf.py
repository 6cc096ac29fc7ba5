from __future__ import annotations

import os
import platform

import pytest

from contract.errors import LackingError
from generator.lab import bpf
from generator.lab.assembler import R0, R1, R7, Assembler


@pytest.fixture(autouse=True)
def root() -> None:
    if os.geteuid() != 0:
        pytest.skip("BPF needs root")


def test_a_program_counts_in_memory_that_this_process_sees() -> None:
    array = bpf.SharedArray(64)
    counting = Assembler().value_of(R7, array.fd).load(R1, 8, R7, 8).set(R1, "+=", 1).store(8, R7, 8, R1)
    program = bpf.load(counting.set(R0, "=", 1).leave().assemble())
    run = bpf.LiveRun(program, bytes(64))
    run.run(5, 1)
    run.run(7, 64)
    assert int.from_bytes(array.memory[8:16], "little") == 12
    os.close(program)
    array.close()


def test_what_the_verifier_refuses_is_told_with_its_words() -> None:
    with pytest.raises(LackingError, match="R0 !read_ok"):
        bpf.load(Assembler().leave().assemble())


def test_a_batch_that_the_kernel_does_not_take_is_an_error() -> None:
    program = bpf.load(Assembler().set(R0, "=", 1).leave().assemble())
    with pytest.raises(OSError, match="too long"):
        bpf.LiveRun(program, bytes(64)).run(1, 1000)
    os.close(program)


def test_no_interface_no_attachment() -> None:
    program = bpf.load(Assembler().set(R0, "=", 2).leave().assemble())
    with pytest.raises(LackingError, match="interface 999999"):
        bpf.attach(program, 999_999)
    os.close(program)


def test_no_map_of_no_size() -> None:
    with pytest.raises(LackingError, match="no BPF map"):
        bpf.SharedArray(0)


def test_a_machine_whose_number_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "vax")
    with pytest.raises(LackingError, match="vax"):
        bpf.call(0, b"")
