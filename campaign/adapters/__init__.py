"""Readers of other detectors' alerts, one file each."""
