"""Guessing of passwords."""

from __future__ import annotations

import base64
import struct
from typing import Final

from benchmarks.byhand.kinds import attack
from benchmarks.byhand.messages import SIP_VIA, sip
from benchmarks.byhand.packets import CLIENT, SERVER, Traffic

ATTACKER: Final = "198.18.113.9"
INSIDER: Final = "198.18.14.66"
DATABASES: Final = "198.18.100.33"
CHALLENGE: Final = b'SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm="asterisk", nonce="%x"\r\n'
NO_SUCH_PASSWORD: Final = (
    b'E\0\0\0\x65SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "postgres"\0'
    b"Fauth.c\0L326\0Rauth_failed\0\0"
)


@attack("other_bruteforce")
def sip_register_guess(net: Traffic) -> None:
    """Three hundred passwords for ten telephones of an exchange."""
    attacker, exchange = ("198.18.113.7", 5062), ("198.18.100.60", 5060)
    for turn in range(300):
        at, user = turn * 0.12, 100 + turn % 10
        net.udp(at, attacker, exchange, sip(net.random, "REGISTER", user))
        net.udp(at + 0.012, exchange, attacker, CHALLENGE % net.random.randrange(1 << 40) + SIP_VIA * 25)
        signed = sip(net.random, "REGISTER", user) + b"Authorization: Digest" + b"a" * 150
        net.udp(at + 0.03, attacker, exchange, signed)
        net.udp(at + 0.042, exchange, attacker, b"SIP/2.0 403 Forbidden\r\n" + SIP_VIA * 25)


@attack("other_bruteforce")
def vnc_guess(net: Traffic) -> None:
    """Eighty passwords for a remote screen."""
    for at in net.paced(80, 0.4, 0.7):
        talk = [
            (SERVER, b"RFB 003.008\n", 0.002),
            (CLIENT, b"RFB 003.008\n", 0.001),
            (SERVER, b"\x01\x02", 0.001),
            (CLIENT, b"\x02", 0.001),
            (SERVER, net.noise(16), 0.001),
            (CLIENT, net.noise(16), 0.002),
            (SERVER, b"\0\0\0\1\0\0\0\x16Authentication failure", 0.003),
        ]
        net.connection(at, ATTACKER, (DATABASES, 5900), talk, closer=SERVER)


@attack("other_bruteforce")
def postgres_guess(net: Traffic) -> None:
    """Two hundred passwords for PostgreSQL."""
    user = b"user\0postgres\0database\0postgres\0\0"
    for at in net.paced(200, 0.05, 0.15):
        talk = [
            (CLIENT, struct.pack("!II", len(user) + 8, 196608) + user, 0.0002),
            (SERVER, b"R\0\0\0\x0c\0\0\0\5" + net.noise(4), 0.001),
            (CLIENT, b"p\0\0\0\x28md5" + b"a" * 33, 0.0004),
            (SERVER, NO_SUCH_PASSWORD, 0.002),
        ]
        net.connection(at, ATTACKER, (DATABASES, 5432), talk, closer=SERVER)


@attack("other_bruteforce")
def mssql_guess(net: Traffic) -> None:
    """A hundred and fifty passwords for SQL Server."""
    refused = (
        b"\4\1\0\x7c\0\x35\1\0\xaa\x62\0\x18\x48\0\0\1\x0e\x1b\0"
        + "Login failed for user 'sa'.".encode("utf-16le")
        + b"\0" * 60
    )
    for at in net.paced(150, 0.05, 0.2):
        talk = [
            (CLIENT, b"\x12\1\0\x2f\0\0\1\0" + b"\0" * 39, 0.0003),
            (SERVER, b"\4\1\0\x2b\0\0\1\0" + b"\0" * 35, 0.001),
            (CLIENT, b"\x10\1\0\xc8\0\0\1\0" + b"s\0a\0" * 48, 0.0005),
            (SERVER, refused, 0.003),
        ]
        net.connection(at, ATTACKER, (DATABASES, 1433), talk)


@attack("other_bruteforce")
def kerberos_spray(net: Traffic) -> None:
    """A hundred and twenty users of a domain, one password each."""
    controller = ("198.18.10.10", 88)
    for at in net.paced(120, 0.2, 0.4):
        source = (INSIDER, net.port(49152))
        net.udp(at, source, controller, b"\x6a\x81\xe0\x30\x81\xdd\xa1\3\2\1\5\xa2\3\2\1\x0a" + net.noise(210))
        refused = b"\x7e\x81\x9e\x30\x81\x9b\xa0\3\2\1\5\xa1\3\2\1\x1e\xa4\x11\x18\x0f20260301100000Z\xa5\5\2\3\1\2\3"
        refused += b"\xa6\3\2\1\x18" + net.noise(100)
        net.udp(at + 0.002, controller, source, refused)


@attack("other_bruteforce")
def smtp_auth_guess(net: Traffic) -> None:
    """A hundred and twenty passwords for a mailbox, over SMTP."""
    for turn, at in enumerate(net.paced(120, 0.3, 0.8)):
        talk = [
            (SERVER, b"220 mail.example.com ESMTP Postfix\r\n", 0.01),
            (CLIENT, b"EHLO ylmf-pc\r\n", 0.01),
            (SERVER, b"250-mail.example.com\r\n250-AUTH LOGIN PLAIN\r\n250 8BITMIME\r\n", 0.001),
            (CLIENT, b"AUTH LOGIN\r\n", 0.01),
            (SERVER, b"334 VXNlcm5hbWU6\r\n", 0.001),
            (CLIENT, base64.b64encode(b"info@example.com") + b"\r\n", 0.01),
            (SERVER, b"334 UGFzc3dvcmQ6\r\n", 0.001),
            (CLIENT, base64.b64encode(b"pass%d" % turn) + b"\r\n", 0.01),
            (SERVER, b"535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6\r\n", 1.0),
        ]
        net.connection(at, ATTACKER, ("198.18.100.25", 25), talk)


@attack("http_login_bruteforce")
def xmlrpc_guess(net: Traffic) -> None:
    """A hundred and fifty passwords for a blog, through its XML-RPC."""
    fault = (
        b'<?xml version="1.0"?><methodResponse><fault><value><struct>'
        b"<member><name>faultCode</name><value><int>403</int></value></member>"
        b"<member><name>faultString</name><value><string>Incorrect username or password.</string></value></member>"
        b"</struct></value></fault></methodResponse>"
    )
    answer = b"HTTP/1.1 200 OK\r\nServer: Apache\r\nConnection: close\r\nContent-Type: text/xml\r\n"
    ask = (
        b"POST /xmlrpc.php HTTP/1.1\r\nHost: blog.example.com\r\nUser-Agent: Mozilla/5.0\r\nContent-Type: text/xml\r\n"
    )
    for turn, at in enumerate(net.paced(150, 0.2, 0.5)):
        call = (
            b'<?xml version="1.0"?><methodCall><methodName>wp.getUsersBlogs</methodName><params><param>'
            b"<value>admin</value></param><param><value>pw%d</value></param></params></methodCall>" % turn
        )
        talk = [
            (CLIENT, ask + b"Content-Length: %d\r\n\r\n" % len(call) + call, 0.0002),
            (SERVER, answer + b"Content-Length: %d\r\n\r\n" % len(fault) + fault, 0.08),
        ]
        net.connection(at, ATTACKER, ("198.18.100.80", 80), talk, closer=SERVER)


@attack("http_login_bruteforce", "other_bruteforce")
def winrm_spray(net: Traffic) -> None:
    """Sixty sign-ins to Windows' remote management, refused."""
    for at in net.paced(60, 0.3, 0.9):
        token = base64.b64encode(net.noise(120))
        ask = b"POST /wsman HTTP/1.1\r\nHost: dc:5985\r\nUser-Agent: Python WinRM client\r\nAuthorization: Negotiate "
        ask += token + b"\r\nContent-Length: 0\r\n\r\n"
        offer = b"HTTP/1.1 401 \r\nWWW-Authenticate: Negotiate " + base64.b64encode(net.noise(150))
        talk = [
            (CLIENT, ask, 0.0002),
            (SERVER, offer + b"\r\nContent-Length: 0\r\n\r\n", 0.003),
            (CLIENT, ask + b"x" * 200, 0.001),
            (SERVER, b"HTTP/1.1 401 \r\nServer: Microsoft-HTTPAPI/2.0\r\nContent-Length: 0\r\n\r\n", 0.003),
        ]
        net.connection(at, INSIDER, ("198.18.10.30", 5985), talk)


@attack("other_bruteforce")
def ldap_guess(net: Traffic) -> None:
    """A hundred passwords for an account of a directory, five a second."""
    for at in net.paced(100, 0.12, 0.3):
        name = b"uid=anna,ou=people,dc=corp,dc=example"
        password = net.noise(net.random.randrange(3, 6)).hex().encode()
        asked = b"\2\1\3\4" + bytes([len(name)]) + name + b"\x80" + bytes([len(password)]) + password
        bind = b"\2\1\1\x60" + bytes([len(asked)]) + asked
        talk = [
            (CLIENT, b"\x30" + bytes([len(bind)]) + bind, 0.0004),
            (SERVER, b"\x30\x0c\2\1\1\x61\7\x0a\1\x31\4\0\4\0", 0.002),
            (CLIENT, b"\x30\5\2\1\2\x42\0", 0.0003),
        ]
        net.connection(at, ATTACKER, ("198.18.100.39", 389), talk)


@attack("other_bruteforce")
def mysql_guess(net: Traffic) -> None:
    """A hundred and twenty passwords for MySQL, four a second."""
    denied = b"\x48\0\0\2\xff\x15\4#28000Access denied for user 'root'@'198.18.113.9' (using password: YES)"
    for at in net.paced(120, 0.15, 0.35):
        greeting = b"\x4a\0\0\0\x0a8.0.36\0" + net.noise(12) + b"\0\xff\xf7\xff\2\0\xff\xcf\x15" + b"\0" * 10
        scramble = b"\x14" + net.noise(20) + b"mysql_native_password\0"
        talk = [
            (SERVER, greeting + net.noise(12) + b"\0mysql_native_password\0", 0.0006),
            (CLIENT, b"\x52\0\0\1\x85\xa6\x0f\0\0\0\0\1\x21" + b"\0" * 23 + b"root\0" + scramble, 0.0003),
            (SERVER, denied, 0.001),
        ]
        net.connection(at, ATTACKER, (DATABASES, 3306), talk, closer=SERVER)
