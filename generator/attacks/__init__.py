"""Attack families, one file each; a folder scan finds them."""
