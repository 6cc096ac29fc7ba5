"""Replay: frames of any capture, rewritten into the lab's ranges and put on another clock, with their truth."""
