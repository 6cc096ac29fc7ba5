"""Captures of real tools with truth, made in network namespaces of one's own: a check that no tuning has seen."""
