"""How what the store holds leaves it: one file a format (``FORMAT``), found by a scan of this folder."""
