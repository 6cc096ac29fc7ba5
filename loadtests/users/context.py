"""What all users of one process share: settings, figures, which part of the plan is whose, and when it begins.

Alone, one process does everything. With a master and workers (``locust --master``, ``--worker``) each user that has a
part of the plan asks the master for its number and the common beginning, and the workers' figures are added up there.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from gevent.event import AsyncResult
from locust import events
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadtests.settings import LoadSettings
from loadtests.watch import Tally

_LEAD_S: Final = 2.0  # from the first question for a part until the plan begins
_PATIENCE_S: Final = 30.0
_ASK: Final = "tenfold-part"
_KEY: Final = "tenfold"


@dataclass
class Context:
    """One process's share of a load test; Locust's environment carries it as ``tenfold``."""

    settings: LoadSettings
    tally: Tally = field(default_factory=Tally)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _begin: float = 0.0  # epoch seconds
    _asked: dict[str, AsyncResult] = field(default_factory=dict)

    def part(self, environment: Environment) -> tuple[int, float]:
        """A number that no other user of the test has, and when the plan begins (``time.monotonic`` of here).

        Raises ``TimeoutError`` where a master does not answer.
        """
        if isinstance(environment.runner, WorkerRunner):
            question = uuid4().hex
            answer = self._asked[question] = AsyncResult()
            environment.runner.send_message(_ASK, question)
            if not answer.wait(_PATIENCE_S):
                raise TimeoutError("the master did not say which part of the plan is whose")
            number, begin = answer.value
        else:
            number, begin = self._next()
        return int(number), float(begin) - time.time() + time.monotonic()

    def _next(self) -> tuple[int, float]:
        self._begin = self._begin or time.time() + _LEAD_S
        return next(self._numbers), self._begin

    def dropped(self) -> None:
        """Count an arrival that found no room, and show it in Locust's tables."""
        self.tally.dropped_arrivals += 1
        measured("dropped_arrivals", 0.0, OverflowError("as many were under way as may be"))

    def connect(self, environment: Environment) -> None:
        """Join with the other processes, where there are any."""
        runner = environment.runner
        if isinstance(runner, MasterRunner):

            def answer(environment: Environment, msg: Any, **_: Any) -> None:  # noqa: ANN401 - Locust's signature
                number, begin = self._next()
                environment.runner.send_message(_ASK, [msg.data, number, begin], client_id=msg.node_id)

            def collect(client_id: str, data: dict[str, Any]) -> None:  # noqa: ARG001 - Locust's signature
                self.tally.add(data.get(_KEY, {}))

            runner.register_message(_ASK, answer)
            events.worker_report.add_listener(collect)
        elif isinstance(runner, WorkerRunner):

            def take(environment: Environment, msg: Any, **_: Any) -> None:  # noqa: ANN401, ARG001 - Locust's signature
                question, number, begin = msg.data
                if question in self._asked:
                    self._asked.pop(question).set((number, begin))

            def report(client_id: str, data: dict[str, Any]) -> None:  # noqa: ARG001 - Locust's signature
                data[_KEY] = self.tally.take()

            runner.register_message(_ASK, take)
            events.report_to_master.add_listener(report)


def context_of(environment: Environment) -> Context:
    """The context of this process."""
    found: Context = environment.tenfold
    return found


def measured(name: str, milliseconds: float, error: Exception | None = None) -> None:
    """Tell Locust a figure of the chain, so that it stands in its tables and files."""
    events.request.fire(
        request_type="chain", name=name, response_time=milliseconds, response_length=0, exception=error, context={}
    )
