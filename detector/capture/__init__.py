"""Sources of frames: capture files and Arrow streams."""
