"""Why a frame of a capture is left out of a replay. The names stand in the ledger."""

from __future__ import annotations

from typing import Final

REASONS: Final = (
    "",
    "unknown_link",  # a link type that cannot be read
    "cut_in_link_header",  # fewer bytes than the link header has
    "not_ip",  # neither IP nor ARP: LLDP, CDP, STP, EAPOL, ...
    "cut_in_network_header",  # snapped within an IP or ARP header, its own or a quoted one's
    "bad_ip_header",  # version, header length or total length cannot be
    "bad_arp",  # ARP, but not of IPv4 over Ethernet addresses
    "route_in_header",  # an IPv4 option or IPv6 routing header that lists addresses
    "routing_protocol",  # OSPF, EIGRP, PIM, VRRP, RSVP: addresses all over the payload
    "authenticated",  # IPsec AH: its check value covers the addresses
    "tunnel",  # packets wrapped in what is not taken apart: GRE with keys to Ethernet, VXLAN, GTP, mobility, ...
    "too_deep",  # packets in packets in packets
    "too_long",  # longer than an IP packet, or the wire's MTU, can be
    "cut_in_header",  # snapped within the transport header, and the frame was to be filled
    "cut_off",  # snapped, and such frames were to be left out
    "stopped_by_gate",  # the gate does not read what it holds: MLD, router advertisements, fragments of tunnels, ...
    "unread_protocol",  # an IP protocol that the gate does not read: ESP, DCCP, OSPF within a packet, ...
    "unmapped_address",  # an address that the rewriting does not reach: in SCTP's parameters, in an inner packet
)
UNKNOWN_LINK: Final = 1
CUT_IN_LINK_HEADER: Final = 2
NOT_IP: Final = 3
CUT_IN_NETWORK_HEADER: Final = 4
BAD_IP_HEADER: Final = 5
BAD_ARP: Final = 6
ROUTE_IN_HEADER: Final = 7
ROUTING_PROTOCOL: Final = 8
AUTHENTICATED: Final = 9
TUNNEL: Final = 10
TOO_DEEP: Final = 11
TOO_LONG: Final = 12
CUT_IN_HEADER: Final = 13
CUT_OFF: Final = 14
STOPPED_BY_GATE: Final = 15
UNREAD_PROTOCOL: Final = 16
UNMAPPED_ADDRESS: Final = 17
