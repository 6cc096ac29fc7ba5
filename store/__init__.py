"""What was seen, kept: Arrow segments and SQLite. One process writes, many read."""
