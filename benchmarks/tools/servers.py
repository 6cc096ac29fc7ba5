"""Servers that need configuration to serve in the lab: databases, mail, a directory, a proxy, files, metrics."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path
from typing import Final

SLAPD: Final = """include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix "dc=example,dc=test"
rootdn "cn=admin,dc=example,dc=test"
rootpw {secret}
directory {folder}/ldap-{host}
"""
DOVECOT: Final = """base_dir = {folder}/dovecot-{host}
protocols = imap pop3
listen = 0.0.0.0
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{folder}/mail/%u
passdb {{
  driver = static
  args = password={secret}
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home={folder}/mail/%u
}}
first_valid_uid = 1
log_path = /dev/null
"""
SQUID: Final = (
    "http_port 3128\nacl all src all\nhttp_access allow all\ncache deny all\npid_filename none\naccess_log none\n"
)
SECRET: Final = "s3cretx"  # noqa: S105 - of servers that live for an hour in a namespace without a way out


def prepare(folder: Path, hosts: tuple[str, ...]) -> None:
    """Write what the servers of these hosts are configured by."""
    rng = random.Random(6)
    for name in ("mail", "tftp"):
        (folder / name).mkdir()
    (folder / "mail").chmod(0o777)
    for number in (1, 2, 3):
        (folder / "tftp" / f"f{number}").write_bytes(rng.randbytes(number * 300_000))
    (folder / "squid.conf").write_text(SQUID, encoding="ascii")
    (folder / "users.sql").write_text(
        f"CREATE USER IF NOT EXISTS app@'%' IDENTIFIED BY '{SECRET}'; GRANT SELECT ON *.* TO app@'%';\n",
        encoding="ascii",
    )
    for host in hosts:
        for name in (f"ldap-{host}", f"dovecot-{host}"):
            (folder / name).mkdir()
        for name, text in (("slapd", SLAPD), ("dovecot", DOVECOT)):
            filled = text.format(folder=folder, host=host, secret=SECRET)
            (folder / f"{name}-{host}.conf").write_text(filled, encoding="ascii")
        if install := shutil.which("mariadb-install-db"):
            data = f"--datadir={folder}/db-{host}"
            words = [install, "--no-defaults", "--user=root", data, "--auth-root-authentication-method=normal"]
            subprocess.run(words, check=False, capture_output=True)


def commands(host: str) -> tuple[str, ...]:
    """What to start on a host; ``{folder}`` is the scratch folder."""
    database = (
        f"mariadbd --no-defaults --datadir={{folder}}/db-{host} --user=root --bind-address=0.0.0.0"
        f" --socket={{folder}}/db-{host}.sock --pid-file={{folder}}/db-{host}.pid --init-file={{folder}}/users.sql"
    )
    found = (
        database,
        f"dovecot -F -c {{folder}}/dovecot-{host}.conf",
        f"slapd -d 0 -h ldap:/// -f {{folder}}/slapd-{host}.conf",
    )
    if host != "server":
        return found
    return (
        *found,
        "prometheus-node-exporter --web.listen-address=:9100",
        "squid -N -f {folder}/squid.conf",
        "in.tftpd -L -s {folder}/tftp",
    )
