"""Sources of frames: captures in files, Arrow streams, interfaces. Imports nothing: live capture begins numpy-free."""
