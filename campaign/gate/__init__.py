"""The gate of a CI job (``tenfold check``): targets, tries, interleaved pairs, detection under loss, history."""
