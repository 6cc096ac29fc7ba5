"""Families of ordinary traffic, one file each; a folder scan finds them."""
