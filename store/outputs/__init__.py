"""Where what is seen goes while it is seen: one file a kind of output (``KIND``), and the process that follows."""
