"""The lab wire: namespaces and a veth pair, and what puts frames onto it without Python per frame (docs/lab.md)."""
