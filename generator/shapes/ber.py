"""Tag, length and value (X.690), for the few messages that need them: certificates, SNMP, LDAP."""

from __future__ import annotations


def tlv(tag: int, *body: bytes) -> bytes:
    """One element in definite form."""
    content = b"".join(body)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    width = (size.bit_length() + 7) // 8
    return bytes([tag, 0x80 | width]) + size.to_bytes(width, "big") + content


def sequence(*items: bytes) -> bytes:
    """A SEQUENCE of elements."""
    return tlv(0x30, *items)


def octets(text: bytes) -> bytes:
    """An OCTET STRING."""
    return tlv(0x04, text)


def integer(value: int) -> bytes:
    """An INTEGER that is not negative."""
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))
