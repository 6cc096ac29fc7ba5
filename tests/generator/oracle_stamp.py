"""The stamp in plain Python: what one frame of a plan must be, byte for byte, from the template and the table."""

from __future__ import annotations

from generator.plan import Plan
from tests.generator.test_noise import naive_noise
from tests.generator.test_wire import naive_mix, naive_sum

GOLDEN, MASK = 0x9E3779B97F4A7C15, 2**64 - 1
GAP, NUMBERS, HOPS, IPID, LABEL = (1 << bit for bit in (40, 41, 42, 43, 44))


def draw(seed: int, purpose: int) -> int:
    return naive_mix((seed + purpose * GOLDEN) & MASK)


def checksum(data: bytes, pseudo: bytes = b"") -> bytes:
    """RFC 1071 of ``data`` behind a pseudo header."""
    total = naive_sum(pseudo) + naive_sum(data)
    folded = (total - 1) % 0xFFFF + 1 if total else 0
    return (folded ^ 0xFFFF).to_bytes(2, "big")


def ticks(sender: bytes, receiver: bytes, ts: int) -> bytes:
    base = int.from_bytes(sender[8:], "big") * GOLDEN + int.from_bytes(receiver[8:], "big")
    return ((naive_mix(base & MASK) + ts // 10**6) % 2**32).to_bytes(4, "big")


class Naive:
    """One frame of an attempt."""

    def __init__(self, plan: Plan, attempt: int, row: int) -> None:
        template, table = plan.template, plan.table
        self.plan, self.attempt, self.row = plan, attempt, row
        self.frame = {name: int(template.frames[row][name]) for name in template.frames.dtype.names}
        self.seed, self.side = int(table.seed[attempt]), self.frame["reverse"]
        ends = [table.src[attempt].tobytes(), table.dst[attempt].tobytes()]
        macs = [int(column[attempt]).to_bytes(6, "big") for column in (table.src_mac, table.dst_mac)]
        ports = [int(column[attempt]).to_bytes(2, "big") for column in (table.src_port, table.dst_port)]
        order = (1, 0) if self.side else (0, 1)
        self.sender, self.receiver = (ends[k] for k in order)
        self.near, self.far = (macs[k] for k in order)
        self.ports = b"".join(ports[k] for k in order)
        start = self.frame["start"]
        self.data = bytearray(template.blob[start : start + self.frame["length"]].tobytes())
        self.version, self.kind = self.frame["version"], self.frame["kind"]

    def bytes(self, ts: int, echo: int, *, tagged: bool = True) -> bytes:
        if self.version == 0:
            self.arp()
        else:
            self.data[:12] = self.far + self.near
            self.parts()
            self.network(ts)
            self.transport(ts, echo)
        tag = int(self.plan.table.vlan[self.attempt]) if tagged else 0
        return bytes(self.data[:12]) + (b"\x81\x00" + tag.to_bytes(2, "big") if tag else b"") + bytes(self.data[12:])

    def arp(self) -> None:
        data = self.data
        if data[0] != 0xFF:
            data[0:6] = self.far
        if data[22] == 2:
            data[22:28] = self.near
        data[6:12] = data[22:28]
        data[28:32], data[38:42] = self.sender[12:], self.receiver[12:]
        if data[21] == 2:
            data[32:38] = self.far

    def parts(self) -> None:
        template = self.plan.template
        for part in template.parts[self.frame["part_first"] : self.frame["part_end"]]:
            at, length, skip, mask = (int(part[name]) for name in ("at", "length", "skip", "mask"))
            key = naive_mix(self.seed ^ (int(part["key"]) << 8 & MASK))
            value = naive_noise(key, int(part["kind"]), skip + length)[skip:]
            shown = template.masks[mask : mask + length] if mask >= 0 else [255] * length
            for k in range(length):
                if shown[k]:
                    self.data[at + k] = value[k]

    def network(self, ts: int) -> None:
        data, hops = self.data, (self.frame["hops_least"], self.frame["hops_most"])
        bits = naive_mix((int.from_bytes(self.sender[8:], "big") + HOPS) & MASK) >> 32
        routers = hops[0] + (bits * (hops[1] - hops[0] + 1) >> 32)
        if self.version == 6:
            if self.frame["ipid"] == 1:
                label = draw(self.seed, LABEL + self.side) % 2**20
                data[15:18] = (data[15] >> 4 << 20 | label).to_bytes(3, "big")
            data[21] = max(data[21] - routers, 1)
            data[22:54] = self.sender + self.receiver
            return
        policy, step = self.frame["ipid"], self.frame["step"]
        if policy == 1:
            number = (draw(self.seed, IPID + self.side) + step) % 65536
        elif policy == 4:
            host = naive_mix((int.from_bytes(self.sender[8:], "big") + IPID) & MASK)
            number = (host + ts // 4_000_000 + step) % 65536
        else:
            number = draw(self.seed, IPID + 2 + 2 * step + self.side) % 65536
        if policy in (1, 2, 4) and number:
            data[18:20] = number.to_bytes(2, "big")
        data[22] = max(data[22] - routers, 1)
        data[26:34] = self.sender[12:] + self.receiver[12:]
        data[24:26] = bytes(2)
        data[24:26] = checksum(bytes(data[14:34]))

    def transport(self, ts: int, echo: int) -> None:
        frame, data = self.frame, self.data
        l4 = 34 if self.version == 4 else 54
        ends = (self.sender[12:] + self.receiver[12:]) if self.version == 4 else self.sender + self.receiver
        pseudo = ends + bytes([0, self.kind]) + (len(data) - l4).to_bytes(4, "big")
        if frame["aside"] >= 0:
            whole = Naive(self.plan, self.attempt, frame["aside"])
            shown = whole.bytes(int(self.plan.table.intended[self.attempt]), 0, tagged=False)
            into = l4 + (8 if self.version == 6 or self.kind in (1, 58) else 0)
            at = frame["aside_at"]
            data[into:] = shown[at : at + len(data) - into]
        if self.kind in (6, 17):
            data[l4 : l4 + 4] = self.ports
        if self.kind == 6:
            for at, side, column in ((4, self.side, "seq"), (8, 1 - self.side, "ack")):
                if at == 4 or frame["has_ack"]:
                    number = (self.initial(side) + frame[column]) % 2**32
                    data[l4 + at : l4 + at + 4] = number.to_bytes(4, "big")
            option = frame["times_at"]
            if option:
                back = ticks(self.receiver, self.sender, echo) if echo else bytes(4)
                data[option : option + 8] = ticks(self.sender, self.receiver, ts) + back
            self.selective()
            data[l4 + 16 : l4 + 18] = checksum(bytes(data[l4:]), pseudo)
        elif self.kind == 17:
            found = checksum(bytes(data[l4:]), pseudo)
            data[l4 + 6 : l4 + 8] = found if any(found) else b"\xff\xff"
        elif self.kind == 254 and self.version == 6:
            step = frame["step"]
            data[l4 + 4 : l4 + 8] = (draw(self.seed, IPID + 2 + 2 * step + self.side) % 2**32).to_bytes(4, "big")
        elif self.kind in (1, 58):
            data[l4 + 2 : l4 + 4] = checksum(bytes(data[l4:]), pseudo if self.kind == 58 else b"")

    def selective(self) -> None:
        """The edges of a selective ACK count from the other side's initial number."""
        at, base = self.frame["sack_at"], self.initial(1 - self.side)
        for place in range(at, at + self.data[at - 1] - 2, 4) if at else ():
            edge = (int.from_bytes(self.data[place : place + 4], "big") + base) % 2**32
            self.data[place : place + 4] = edge.to_bytes(4, "big")

    def initial(self, side: int) -> int:
        """The initial sequence number of client (0) or server (1): one half each of one draw."""
        return draw(self.seed, NUMBERS) >> 32 * side & 0xFFFFFFFF
