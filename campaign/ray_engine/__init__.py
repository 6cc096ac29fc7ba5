"""Campaigns over several processes or machines with Ray. Nothing outside of this package imports Ray."""
