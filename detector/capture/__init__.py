"""Sources of frames: captures in files, Arrow streams."""

from detector.capture.opening import open_capture
from detector.capture.source import Source

__all__ = ["Source", "open_capture"]
