"""Scenario, run, judge, report: one run of a scenario or capture against one detector."""
