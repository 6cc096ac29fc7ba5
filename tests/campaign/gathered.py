"""What readers of alerts gathered, for tests that hold one way of reading against another."""

from __future__ import annotations

import numpy as np

from campaign.alert_table import Gathering


def plain(found: Gathering) -> tuple[object, ...]:
    """All that was read, as values that compare."""
    alerts, seen = vars(found.alerts()), vars(found.seen())
    said = [alerts["kinds"][n] for n in alerts["kind"].tolist()]
    columns = [alerts[name] for name in sorted(set(alerts) - {"kinds", "kind"})] + [seen[name] for name in sorted(seen)]
    return said, [np.asarray(column).tolist() for column in columns], found.counts
