"""A whole campaign: generator and detector as processes of their own, watched, ended in order, judged, reported.

Whatever happens (a child dies, Ctrl-C, SIGTERM) no process stays behind, and the run folder is left readable: what was
sent and seen up to then is judged, and the run says why it is not valid.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Final

from campaign import runfolder
from campaign.closing import Ending, close_run
from campaign.figures import Figures, Watcher
from campaign.outputs import beside, configured
from campaign.processes import Child, Children, StopRequest
from campaign.run_options import SHOWN_HOST, Options, Outcome, check_port
from campaign.runfolder import RunFolder
from campaign.scenario import Overrides, Scenario
from campaign.waiting import StoppedError, status_of, until_ready
from campaign.watch import Watch
from contract.clock import Clock
from contract.errors import LackingError
from contract.files import remove_parts
from detector.config import Config
from detector.config_file import read
from detector.live_settings import text_of
from detector.model import load, load_default
from generator.curves import most_within
from generator.workload import Workload
from store.formats.base import Origin

__all__ = ["Campaign", "Options", "Outcome", "check_port", "run"]
_POLL_S: Final = 0.1
_LOOK_S: Final = 1.0
_DRAIN_S: Final = 180.0
_BRIEF_S: Final = 180.0  # the store of a run no longer than that is compacted behind it, not beside it
_LEAD_NS: Final = 1_000_000_000
_FINAL: Final = ("finished", "interrupted", "failed")
Json = dict[str, Any]


def run(
    scenario: Scenario,
    options: Options,
    overrides: Overrides | None = None,
    watcher: Watcher | None = None,
    told: Callable[[str], None] | None = None,
    kind: Callable[..., Campaign] | None = None,
) -> Outcome:
    """Run a scenario into a new run folder, judge it and write its report.

    ``watcher`` gets figures once a second, ``told`` the address of the live page. ``kind`` is how the processes are
    joined (``campaign.wire_run.WireCampaign``), by a socket if nobody says. Must run in the main thread.
    Raises ``InputError`` before anything starts where the scenario, the folder, the port or the model cannot be used,
    ``LackingError`` where no model is named and the installation lacks its own.
    """
    overrides = overrides or Overrides()
    scenario = overrides.apply(scenario)
    if options.serve:
        check_port(options.port)
    # The detector's process would find a bad model only after the run has its folder.
    _ = load(options.model) if options.model else load_default()
    _ = read(options.config) if options.config else None
    folder = runfolder.create(options.runs, scenario.name, options.run_id)
    campaign = (kind or Campaign)(scenario, overrides, options, folder, watcher or (lambda _: None))
    try:
        told_to = beside(configured(options.config), folder.path, Origin(folder.id, test=True))
        with StopRequest() as stop, Children() as servers, ExitStack() as following:
            following.enter_context(told_to)
            campaign.ending.outputs = following.close
            if options.serve:
                campaign.serve(servers, told or (lambda _: None))
            with Children() as children:
                campaign.go(children, stop)
            return campaign.judge()
    except KeyboardInterrupt:
        campaign.note_state("interrupted", "stopped before it was judged")
        raise
    finally:
        folder.socket.unlink(missing_ok=True)
        campaign.settle()


class Campaign:
    """One run under way."""

    def __init__(
        self, scenario: Scenario, overrides: Overrides, options: Options, folder: RunFolder, watcher: Watcher
    ) -> None:
        self.scenario, self.folder = scenario, folder
        self.clock = Clock.start()
        self._options, self._watcher = options, watcher
        self.ending = Ending()
        self._phase = "starting"
        self._state: Json = {
            "id": folder.id,
            "scenario": scenario.name,
            "title": scenario.title,
            "state": "starting",
            "reason": "",
            "started_ns": None,
            "ended_ns": None,
            "duration_s": scenario.duration_s,
            "warm_up_s": scenario.warm_up_s,
            "pid": os.getpid(),
            "clock": self.clock.anchor,
            "overrides": overrides.as_dict(),
            "multiplier": [list(point) for point in scenario.multiplier],
            "address": None,
            "figures": None,
        }
        try:
            # First of all files: who finds the folder can say what state it is in.
            runfolder.write_json(folder.state, self._state)
            folder.scenario.write_text(scenario.text, encoding="utf-8")
            if options.config:
                folder.config.write_text(text_of(options.config), encoding="utf-8")
        except OSError as error:
            raise LackingError(f"{folder.path}: the run cannot be saved: {error.strerror}") from None
        self.ending.saver.hold(folder.path)

    def serve(self, children: Children, told: Callable[[str], None]) -> None:
        """Start the API and live page on loopback."""
        port = self._options.port
        arguments = ["--runs", str(self.folder.path.parent), "--port", str(port), "--run", self.folder.id]
        if self._options.keys:
            arguments += ["--keys", str(self._options.keys.resolve())]
        children.keep("api.server", arguments, folder=self.folder.path, log=self.folder.log("api"), niceness=10)
        self._state["address"] = f"http://{SHOWN_HOST}:{port}/"
        told(self._state["address"])

    def go(self, children: Children, stop: StopRequest) -> None:
        """Start generator and detector, follow them to their end."""
        try:
            self._work(children, stop)
        except StoppedError as error:
            self.ending.reasons.append(str(error))
        stopped = status_of(self.folder, "sender").get("state") == "stopped"
        self.ending.interrupted = stop.asked or ("tenfold control" if stopped and not self.ending.reasons else "")

    def _work(self, children: Children, stop: StopRequest) -> None:
        detector = self._start_detector(children, stop)
        watch = Watch(self.folder, self.scenario.workload(0))
        sender = self._start_sender(children, stop, detector, watch)
        self._follow(sender, detector, stop, watch)

    def judge(self) -> Outcome:
        """Judge what there is and write the report."""
        self.ending.ended_ns = self.clock.now_ns()
        self._state["ended_ns"] = self.ending.ended_ns
        self._phase = "judging"
        self.note_state("judging")
        self._watcher(replace(self._last_figures(), phase="judging"))
        card = close_run(self.folder, self.scenario, self.ending)
        passed = card["run"]["passed"]
        state = "interrupted" if self.ending.interrupted else ("failed" if not card["run"]["valid"] else "finished")
        self.note_state(state, "; ".join(card["run"]["reasons"]))
        return Outcome(self.folder, card, passed)

    def settle(self) -> None:
        """Leave no run behind that says it is still under way, and nothing half written of who was killed."""
        for path in (self.folder.truth, self.folder.status("sender")):
            remove_parts(path)
        for left in self.folder.path.glob(".*.tmp"):
            left.unlink(missing_ok=True)
        self.ending.saver.release()
        if self._state["state"] not in _FINAL:
            self.note_state("failed", "ended before it was judged")

    def note_state(self, state: str, reason: str = "") -> None:
        """Write ``run.json``."""
        self._state |= {"state": state, "reason": reason}
        self.ending.saver.save(lambda: runfolder.write_json(self.folder.state, self._state))

    def listening(self) -> list[str]:
        """The detector's options that say where frames come from."""
        return ["--socket", runfolder.SOCKET, "--once"]

    def sending(self) -> list[str]:
        """The sender's options that say where frames go."""
        return ["--socket", runfolder.SOCKET]

    def sent(self, detector: Child) -> None:
        """The sender has ended. What ends the detector is the end of its stream."""

    def _last_figures(self) -> Figures:
        return Figures(**self._state["figures"]) if self._state["figures"] else Figures()

    def _start_detector(self, children: Children, stop: StopRequest) -> Child:
        arguments = ["--store", str(self.folder.path), "--clock", self.clock.anchor]
        arguments += ["--status", str(self.folder.status("detector")), *self.listening()]
        arguments += ["--ticks", str(self.folder.ticks), "--ready-for", str(self._live_flows())]
        if self.scenario.duration_s <= _BRIEF_S:
            arguments += ["--compact-after", "0"]
        if self._options.model:
            arguments += ["--model", str(self._options.model.absolute())]
        if self._options.config:
            arguments += ["--config", str(self.folder.config)]
        log = self.folder.log("detector")
        detector = children.start("detector.service", arguments, folder=self.folder.path, log=log, niceness=5)
        self._wait(stop, "loading the detector", "detector", ("listening", "serving"), detector)
        return detector

    def _live_flows(self) -> int:
        """About how many flows will live at once: what the busiest idle timeout begins."""
        workload = self.scenario.workload(0)
        whole = workload.duration_s
        span = min(Config().idle_s, whole)
        return round(sum(most_within(curve, whole, span) for curve in (workload.curve, workload.benign_curve)))

    def _start_sender(self, children: Children, stop: StopRequest, detector: Child, watch: Watch) -> Child:
        workload = self.scenario.workload(self.clock.now_ns() + _LEAD_NS)
        self._keep_workload(workload)
        arguments = ["--workload", str(self.folder.workload), *self.sending()]
        arguments += ["--clock", self.clock.anchor, "--status", str(self.folder.status("sender"))]
        arguments += ["--truth", str(self.folder.truth), "--control", str(self.folder.control)]
        arguments += ["--seal", str(self.folder.frames)]
        sender = children.start("generator.sender", arguments, folder=self.folder.path, log=self.folder.log("sender"))
        status = self._wait(stop, "planning the attempts", "sender", ("ready", "sending", "done"), sender, detector)
        # Second 0 moves where planning took longer than expected: the sender says when it is.
        workload = replace(workload, start_ns=int(status["start_ns"]))
        self._keep_workload(workload)
        self.ending.planned_attempts = int(status.get("planned_attempts", 0))
        self._state["started_ns"] = workload.start_ns
        self.note_state("running")
        watch.workload = workload
        return sender

    def _wait(self, stop: StopRequest, phase: str, who: str, states: tuple[str, ...], *needed: Child) -> Json:
        """Wait until a status file says one of ``states``; its document."""
        return until_ready(
            needed,
            lambda: status_of(self.folder, who),
            states,
            stop,
            lambda: self._watcher(Figures(phase=phase)),
            phase,
        )

    def _follow(self, sender: Child, detector: Child, stop: StopRequest, watch: Watch) -> None:
        try:
            with self.folder.timeline.open("ab", buffering=0) as timeline:
                self._until_sent(sender, detector, stop, lambda: self._look(watch, timeline, "running"))
                self.sent(detector)
                self._until_seen(sender, detector, lambda: self._look(watch, timeline, "draining"))
                self._look(watch, timeline, "draining")
        finally:
            watch.close()
            if watch.workload.changes:  # with them the run can be made again
                self._keep_workload(watch.workload)

    def _until_sent(self, sender: Child, detector: Child, stop: StopRequest, look: Callable[[], None]) -> None:
        asked = False
        following = time.monotonic()
        while sender.code is None:
            if stop.asked and not asked:
                asked = True
                sender.ask_to_end()
            if detector.code:
                self.ending.reasons.append(detector.fault())
                sender.ask_to_end()
                sender.wait(_DRAIN_S)
                return
            if time.monotonic() >= following:
                following = max(following + _LOOK_S, time.monotonic())
                look()
            time.sleep(_POLL_S)
        if sender.code:
            self.ending.reasons.append(sender.fault())
            detector.ask_to_end()

    def _until_seen(self, sender: Child, detector: Child, look: Callable[[], None]) -> None:
        """The stream has ended: the detector works off what it received."""
        deadline = time.monotonic() + _DRAIN_S
        following = time.monotonic()
        while detector.code is None:
            if time.monotonic() > deadline:
                self.ending.reasons.append(f"the detector was not done {_DRAIN_S:.0f} s after the last frame")
                return
            if time.monotonic() >= following:
                following = max(following + _LOOK_S, time.monotonic())
                look()
            time.sleep(_POLL_S)
        if detector.code and not sender.code and not self.ending.reasons:
            self.ending.reasons.append(detector.fault())

    def _keep_workload(self, workload: Workload) -> None:
        self.ending.saver.save(lambda: self.folder.workload.write_text(workload.to_json(), encoding="utf-8"))

    def _look(self, watch: Watch, timeline: Any, phase: str) -> None:  # noqa: ANN401 - an open file
        figures = watch.look(self.clock.now_ns(), phase)
        document = figures.as_dict()
        ending = self.ending
        ending.worst_backlog = max(ending.worst_backlog, figures.backlog)
        ending.best_frames_per_s = max(ending.best_frames_per_s, figures.frames_per_s)
        ending.saver.save(lambda: timeline.write(json.dumps(document).encode() + b"\n"))
        self._state["figures"] = document
        self.note_state("running")
        self._watcher(figures)
