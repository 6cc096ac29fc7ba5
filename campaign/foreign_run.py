"""A campaign against a detector that is not ours: our sender, its alerts, no detector of our own.

Frames go over the lab's wire, over an interface that the lab file allows, or into a file that the detector's command
reads. The detector is the user's: running already, or started from the ``command`` of the user's own detector file.
What it writes is followed and recorded in the run folder with the time at which each line could be read.
"""

from __future__ import annotations

import contextlib
import time
import tomllib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from campaign import runfolder
from campaign.alert_files import READ_TIMES
from campaign.alert_socket import beside
from campaign.detector_file import KNOWN, Detector, parse, read_detector
from campaign.foreign_program import packet_sockets
from campaign.judging import judge_detector
from campaign.processes import Child, Children, StopRequest
from campaign.runner import Campaign
from campaign.scenario import Scenario
from campaign.true_flows import of_run
from campaign.watch import Watch
from campaign.wire_run import dropped, lab, until_arrived
from contract.errors import InputError
from contract.ledger import Ledger
from contract.truth import TABLE_SUFFIX, TRUTH_SUFFIX
from generator.delivery import write_workload
from generator.lab.deadman import Heartbeat
from generator.lab.namespaces import Lab

RECORDED: Final = "detector"  # in the run folder
FRAMES: Final = "frames.pcap"
_RECEIVER: Final = "receiver"
_HEARTBEAT: Final = ".heartbeat"
_PROGRAM_S: Final = 600.0
_LOOK_S: Final = 0.05
Json = dict[str, Any]


def carried(  # noqa: PLR0913 - each is an option of `tenfold run`
    scenario: Scenario,
    detector: str,
    alerts: list[str],
    *,
    wire: bool = False,
    interface: str = "",
    lab_file: Path | None = None,
    pcap: bool = False,
    receiver: str = "",
    where: Lab = Lab(),  # noqa: B008 - immutable
) -> tuple[Callable[..., Campaign], AbstractContextManager[None]]:
    """The campaign that the options ask for, and what must be there meanwhile. Raises ``InputError``."""
    if [wire, bool(interface), pcap].count(True) != 1:
        raise InputError("another detector needs frames that it can see: one of --wire, --interface and --pcap")
    if receiver and not interface:
        raise InputError("--receiver goes with --interface: it is where frames arrive that are sent there")
    named = detector_of(scenario, detector)
    places = alerts or [str(path) for path in named.alerts]
    if not places:
        raise InputError(f"--detector {detector}: where does it write its alerts? --alerts FILE, folder or unix:PATH")
    if pcap and not named.command:
        raise InputError(
            "--pcap: a file needs a program that reads it: give --detector a FILE.toml whose [detector] has a command; "
            "or `tenfold generate`, your own program, `tenfold judge`"
        )
    for place in places:
        if Path(place).parent != Path(place) and not Path(place.rpartition(":")[2]).absolute().parent.is_dir():
            raise InputError(f"{place}: there is no folder of that name for alerts to be written to")

    def make(*arguments: Any, **more: Any) -> ForeignCampaign:  # noqa: ANN401 - Campaign's own
        made = ForeignCampaign(*arguments, **more)
        made.detector, made.places = named, [str(beside(Path.cwd(), place)) for place in places]
        made.wire = where if wire else None
        made.interface, made.lab_file = interface, lab_file
        made.listens = (where.listen_namespace, where.listen_interface) if wire else _place(receiver)
        return made

    return make, lab(where) if wire else nullcontext()


def detector_of(scenario: Scenario, name: str) -> Detector:
    """The detector that ``--detector`` names, with what the scenario says of it. Raises ``InputError``."""
    table = tomllib.loads(scenario.text).get("detector", {}) if scenario.text else {}
    base = parse(table, scenario.name, scenario=True)
    if name.endswith(".toml"):
        found = read_detector(Path(name), base)
        if not found.format:
            raise InputError(f"{name}: its [detector] needs a format")
        return found.check()
    kind = KNOWN.get(name, base.format)
    if not kind:
        raise InputError(
            f"--detector {name}: known are {', '.join(KNOWN)}; of another give a FILE.toml with its format"
        )
    return replace(base, name=name, format=kind).check()


def _place(receiver: str) -> tuple[str, str]:
    """Namespace ("" for ours) and interface of ``NETNS/IFACE`` or ``IFACE``."""
    namespace, _, interface = receiver.rpartition("/")
    return namespace, interface


class ForeignCampaign(Campaign):
    """One run under way; made by ``carried``."""

    detector: Detector
    places: list[str]
    wire: Lab | None = None
    interface: str = ""
    lab_file: Path | None = None
    listens: tuple[str, str] = ("", "")  # namespace and interface where we note what arrives, if anywhere

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - Campaign's own
        super().__init__(*arguments, **named)
        self._heartbeat: Heartbeat | None = None
        self._program: Child | None = None
        self._children: Children | None = None
        self._receiver: Child | None = None
        self._dropped_before = 0
        self._sockets_before: frozenset[str] = frozenset()
        self._notes: list[str] = []
        self.ending.foreign = self._judged

    @property
    def recorded(self) -> Path:
        """Where the detector's alerts are kept."""
        return self.folder.path / RECORDED

    def go(self, children: Children, stop: StopRequest) -> None:
        """As of every run; a file is written whole, then read."""
        self._children = children
        if self.wire is None and not self.interface:
            self._go_by_file(children, stop)
        else:
            self._heartbeat = Heartbeat(self.folder.path / _HEARTBEAT)
            super().go(children, stop)

    def sending(self) -> list[str]:
        """The sender's options: the lab's wire, or an interface for which it demands the lab file."""
        options = ["--sent", str(self.folder.sent)]
        if self._heartbeat is not None:
            options += ["--heartbeat", str(self._heartbeat.path)]
        if self.wire is not None:
            return ["--wire", self.wire.send_interface, "--netns", self.wire.send_namespace, *options]
        file = ["--lab-file", str(self.lab_file.absolute())] if self.lab_file else []
        return ["--wire", self.interface, *file, *options]

    def sent(self, detector: Child) -> None:
        """What was sent is on its way: it arrives, the program gets the time to write, then all end."""
        if self._receiver is not None:
            until_arrived(self.folder, _RECEIVER, self._receiver)
            self.ending.wire = max(0, dropped(self.wire) - self._dropped_before) if self.wire else 0
            self.ending.receiver = _RECEIVER
            self._receiver.ask_to_end()
            if self._receiver.wait(_PROGRAM_S) is not None and self._receiver.code:
                self.ending.reasons.append(self._receiver.fault())
        detector.ask_to_end()

    def settle(self) -> None:
        """As of every run; and the heart stops beating."""
        if self._heartbeat is not None:
            self._heartbeat.close()
            self._heartbeat.path.unlink(missing_ok=True)
        super().settle()

    def _start_detector(self, children: Children, stop: StopRequest) -> Child:
        """Follow its alerts; start it where its file says how, and beside it what notes the arrival of frames."""
        self._start_receiver(children, stop)
        arguments = [word for place in self.places for word in ("--alerts", place)]
        arguments += ["--format", self.detector.format, "--out", str(self.recorded), "--clock", self.clock.anchor]
        arguments += ["--status", str(self.folder.status("detector")), "--settle", str(self.detector.settle_s)]
        log = self.folder.log("alerts")
        follower = children.start("campaign.alert_follow", arguments, folder=self.folder.path, log=log)
        self._wait(stop, "opening its alerts", "detector", ("listening",), follower)
        if self.detector.command and (self.wire is not None or self.interface):
            self._wait_for_program(stop, self._start_program(children))
        return follower

    def _wait_for_program(self, stop: StopRequest, program: Child) -> None:
        """Until it listens: what comes while a detector loads its rules, it misses."""
        where = self._receiver.pid if self._receiver else "self"
        deadline = time.monotonic() + self.detector.startup_s
        while packet_sockets(where) <= self._sockets_before and not stop.asked and program.code is None:
            if time.monotonic() > deadline:
                self._notes.append(
                    f"{self.detector.name}: opened no packet socket where it should listen within "
                    f"{self.detector.startup_s:g} s; frames were sent all the same"
                )
                return
            time.sleep(_LOOK_S)

    def _start_receiver(self, children: Children, stop: StopRequest) -> None:
        namespace, interface = self.listens
        if not interface:
            return
        self._dropped_before = dropped(self.wire) if self.wire else 0
        arguments = ["--interface", interface, "--netns", namespace, "--clock", self.clock.anchor]
        arguments += ["--received", str(self.folder.received), "--status", str(self.folder.status(_RECEIVER))]
        log = self.folder.log(_RECEIVER)
        self._receiver = children.start("campaign.receiver", arguments, folder=self.folder.path, log=log)
        self._wait(stop, "opening the receiving end", _RECEIVER, ("listening",), self._receiver)

    def _start_program(self, children: Children) -> Child:
        namespace, interface = self.listens if self.listens[1] else ("", self.interface)
        words = {"{interface}": interface, "{folder}": str(self.folder.path), "{pcap}": str(self.folder.path / FRAMES)}
        command = []
        for word in self.detector.command:
            for sign, value in words.items():
                word = word.replace(sign, value)  # noqa: PLW2901 - each sign in turn
            command.append(word)
        log = self.folder.log("program")
        program = children.start(
            "campaign.foreign_program", [namespace or "-", *command], folder=self.folder.path, log=log
        )
        self._program = program
        return program

    def _go_by_file(self, children: Children, stop: StopRequest) -> None:
        workload = self.scenario.workload(self.clock.now_ns())
        self.folder.workload.write_text(workload.to_json(), encoding="utf-8")
        self._state["started_ns"] = workload.start_ns
        self.note_state("running")
        out = self.folder.path / FRAMES
        made = write_workload(workload, out)
        out.with_name(out.name + TABLE_SUFFIX).replace(self.folder.truth)
        with contextlib.suppress(FileNotFoundError):
            out.with_name(out.name + TRUTH_SUFFIX).unlink()
        ledger = Ledger()
        stage = ledger.stage("sender")
        stage.offered = stage.delivered = int(made["frames"])
        said = {"planned_attempts": made["attempts"], "sent_attempts": made["attempts"], "sent_frames": made["frames"]}
        said |= {"state": "done", "start_ns": workload.start_ns, "ledger": ledger.as_dict()}
        runfolder.write_json(self.folder.status("sender"), said)
        follower = self._start_detector(children, stop)
        program = self._start_program(children)
        watch = Watch(self.folder, workload)
        try:
            if program.wait(_PROGRAM_S) is None:
                self.ending.reasons.append(f"the detector was not done {_PROGRAM_S:.0f} s after it had the file")
            elif program.code:
                self.ending.reasons.append(f"the detector ended with code {program.code}: {program.last_words()}")
            follower.ask_to_end()
            follower.wait(_PROGRAM_S)
            for path in self.recorded.glob(f"*{READ_TIMES}"):
                path.unlink()  # when a file was read tells nothing of how soon an alert could be
        finally:
            watch.close()

    def _judged(self, ledger: Ledger) -> tuple[Json, list[str]]:
        """The scorecard of what was recorded, and what speaks against believing it."""
        from campaign.closing import empty_card

        reasons = []
        if self._program is not None and self._program.code and self._program.code > 0 and self.wire is not None:
            reasons.append(f"the detector ended with code {self._program.code}: {self._program.last_words()}")
        files = [path for path in sorted(self.recorded.glob("*")) if not path.name.endswith(READ_TIMES)]
        try:
            detector = replace(self.detector, alerts=tuple(files), damaged="skip")
            card = judge_detector(detector, of_run(self.folder.path), ledger.as_dict()).card
        except InputError as error:
            return empty_card(ledger), [*reasons, f"cannot be judged: {error}"]
        card["notes"] += self._notes
        if not files:
            card["notes"].append(f"{self.detector.name}: nothing new was written to {', '.join(self.places)}")
        return card, reasons
