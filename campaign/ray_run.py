"""A campaign over Ray: one process stands for generator and detector, and has shards of both do the work."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Final

from campaign import runfolder
from campaign.processes import Child, Children, StopRequest
from campaign.ray_engine.cluster import require
from campaign.runner import Campaign
from campaign.watch import Watch
from contract.errors import InputError

_SERVICE: Final = "campaign.ray_engine.service"
_MOST: Final = 64
_POLL_S, _LOOK_S = 0.1, 1.0
_END_S: Final = 180.0  # from the last slice until all is merged and committed
_READY: Final = ("ready", "sending", "done")


class RayCampaign(Campaign):
    """As ``Campaign``, with shards. Use ``over_ray`` to make it."""

    def __init__(self, *arguments: Any, shards: tuple[int, int], address: str | None, **named: Any) -> None:  # noqa: ANN401 - Campaign's own
        super().__init__(*arguments, **named)
        self._shards, self._address = shards, address
        self._state["engine"] = "ray"  # who asks it for another rate is refused: campaign.control
        self.note_state("starting")

    def go(self, children: Children, stop: StopRequest) -> None:
        """Start the service, follow it to its end."""
        super().go(children, stop)
        if not self.ending.interrupted:
            late = punctual(runfolder.read_json(self.folder.status("sender")), self.scenario.targets.within_1ms)
            self.ending.reasons += [late] if late else []

    def _work(self, children: Children, stop: StopRequest) -> None:
        service = self._start(children)
        status = self._wait(stop, "starting Ray, planning the attempts", "sender", _READY, service)
        watch = Watch(self.folder, self._placed(status))
        self.note_state("running")
        self._follow_service(service, stop, watch, status)

    def _start(self, children: Children) -> Child:
        generators, detectors = self._shards
        workload = self.scenario.workload(self.clock.now_ns())
        self.folder.workload.write_text(workload.to_json(), encoding="utf-8")
        folder = self.folder
        arguments = ["--run", folder.id, "--workload", str(folder.workload), "--store", str(folder.path)]
        arguments += ["--truth", str(folder.truth), "--ticks", str(folder.ticks), "--control", str(folder.control)]
        arguments += ["--sender-status", str(folder.status("sender"))]
        arguments += ["--detector-status", str(folder.status("detector")), "--clock", self.clock.anchor]
        arguments += ["--generators", str(generators), "--detectors", str(detectors)]
        arguments += ["--address", self._address] if self._address else []
        arguments += ["--model", str(self._options.model.absolute())] if self._options.model else []
        arguments += ["--config", str(folder.config)] if self._options.config else []
        return children.start(_SERVICE, arguments, folder=folder.path, log=folder.log("ray"))

    def _placed(self, status: dict[str, Any]) -> Any:  # noqa: ANN401 - generator.workload.Workload
        """The workload with its second 0, which is known when the plan is there."""
        workload = replace(self.scenario.workload(0), start_ns=int(status["start_ns"]))
        self.folder.workload.write_text(workload.to_json(), encoding="utf-8")
        self.ending.planned_attempts = int(status.get("planned_attempts", 0))
        self._state["started_ns"] = workload.start_ns
        return workload

    def _follow_service(self, service: Child, stop: StopRequest, watch: Watch, status: dict[str, Any]) -> None:
        deadline = time.monotonic() + (int(status["end_ns"]) - self.clock.now_ns()) / 1e9 + _END_S
        asked, following = False, time.monotonic()
        try:
            with self.folder.timeline.open("a", encoding="utf-8") as timeline:
                while service.code is None:
                    if stop.asked and not asked:
                        asked = True
                        service.ask_to_end()
                    if time.monotonic() > deadline:
                        self.ending.reasons.append(f"the shards were not done {_END_S:.0f} s after the last frame")
                        return
                    if time.monotonic() >= following:
                        following = max(following + _LOOK_S, time.monotonic())
                        self._look(watch, timeline, "running")
                    time.sleep(_POLL_S)
                self._look(watch, timeline, "draining")
        finally:
            watch.close()
        if service.code:
            self.ending.reasons.append(service.fault())


class OverRay:
    """Makes a ``RayCampaign``: what ``campaign.runner.run`` takes for ``kind``."""

    def __init__(self, generators: int, detectors: int, address: str | None) -> None:
        require()
        for name, count in (("--generators", generators), ("--detectors", detectors)):
            if not 1 <= count <= _MOST:
                raise InputError(f"{name} {count}: there may be 1 to {_MOST}")
        self._shards, self._address = (generators, detectors), address

    def __call__(self, *arguments: Any, **named: Any) -> RayCampaign:  # noqa: ANN401 - Campaign's own
        return RayCampaign(*arguments, shards=self._shards, address=self._address, **named)


def punctual(sender: dict[str, Any], wanted: float) -> str:
    """Why a run's frames were not in time, '' where they were; by the service's word."""
    share = sender.get("within_slice")
    if share is None or share >= wanted:
        return ""
    return (
        f"the shards did not keep up: {100 * share:.2f} % of frames were handed over within a slice "
        f"({sender.get('slice_ms', 0):g} ms) of their plan, {100 * wanted:g} % must"
    )
