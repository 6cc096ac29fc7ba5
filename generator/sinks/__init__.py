"""Where finished frames go: files and streams."""
