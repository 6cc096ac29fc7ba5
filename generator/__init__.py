"""Makes labelled traffic: plans, templates, stamped frames, gate, sinks. Never sees the detector."""
