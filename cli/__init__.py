"""The front door, ``tenfold``: one file a command, found by a folder scan."""
