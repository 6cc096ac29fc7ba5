"""What the detector makes of real tools: nmap, hping3, hydra, slowhttptest and others, run in namespaces and recorded.

    python -m benchmarks.tools FOLDER [--only NAME,NAME] [--without-score]

Each entry of ``runs.toml`` becomes ``FOLDER/NAME.pcap`` and ``NAME.truth.json`` (ordinary use goes on beside it); then
the folder is scored. Needs root, and Debian's packages of the tools; what is absent is left out with a word. The model
that ships was trained on such captures, too (``tenfold train --captures``), and some rules were mended by them: the
score shows that nothing broke. ``benchmarks/heldout.py`` says what is found by a model that did not see them.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import string
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any, Final

from benchmarks.tools import network, servers
from benchmarks.tools.network import HOSTS, captured, start, stop

RUNS: Final = Path(__file__).with_name("runs.toml")
TRAFFIC: Final = Path(__file__).with_name("traffic.py")
PROGRAMS: Final = ("ip", "tcpdump", "ethtool", "timeout")
BROWSING: Final = (
    "while :; do curl -s -o /dev/null http://{server}/$(shuf -n1 -e news about shop img1 img2 img3 index.html);"
    " sleep 0.$(shuf -i 10-99 -n1); if [ $(shuf -i 1-6 -n1) = 1 ]; then sleep 2; fi; done"
)
AROUND: Final = {  # ordinary use beside every run
    "client1": BROWSING,
    "client2": BROWSING,
    "client3": "while :; do mosquitto_pub -h {server} -t t/1 -m $(shuf -i 1-999 -n1); ping -c 3 {server}; done",
}
SERVERS: Final = {
    "victim": (
        "/usr/sbin/sshd -D -o UseDNS=no -o MaxStartups=100 -o UsePAM=no -o AuthorizedKeysFile={folder}/key.pub",
        "vsftpd {folder}/vsftpd.conf",
        "socat TCP-LISTEN:23,reuseaddr,fork EXEC:'/usr/sbin/telnetd -h',nofork",
        "smbd -F --no-process-group",
        "openssl s_server -quiet -www -accept 443 -cert {folder}/tls.pem -key {folder}/tls.key",
        "xrdp --nodaemon",
        "xrdp-sesman --nodaemon",
    ),
    "server": (
        "dnsmasq -k --no-resolv --no-hosts -u root --pid-file= --address=/example.test/{server}",
        "mosquitto -p 1883",
        "redis-server --port 6379 --protected-mode no --save ''",
        "iperf3 -s",
        "snmpd -f -Lo -C --rocommunity=public udp:161",
    ),
}
FTP: Final = "listen=YES\nanonymous_enable=YES\nlocal_enable=YES\nseccomp_sandbox=NO\nbackground=NO\n"


def fill(command: str, folder: Path) -> str:
    """A command with addresses and files put in."""
    names = HOSTS | {"words": str(folder / "words.txt"), "users": str(folder / "users.txt"), "folder": str(folder)}
    names |= {"traffic": f"{sys.executable} {TRAFFIC}", "secret": servers.SECRET}
    for name, value in names.items():
        command = command.replace(f"{{{name}}}", value)
    return command


def truth_of(run: dict[str, Any], capture: str) -> dict[str, Any]:
    """The truth file of one run. What goes on beside an attack counts neither for nor against."""
    document: dict[str, Any] = {"format": "tenfold-truth/1", "capture": capture, "entries": [], "otherwise": "benign"}
    document["about"] = {"origin": "lab", "source": "tools in-namespaces"}
    if "family" not in run:
        return document
    host = run.get("host", "attacker")
    entry: dict[str, Any] = {"family": run["family"]}
    if run.get("by_mac"):
        entry["attacker_macs"] = [network.mac_of(host)]
    elif not run.get("forged"):
        entry["attackers"] = [HOSTS[host]]
    if run["family"] == "arp_spoofing":
        entry |= {"protocol": "arp", "arp_operation": "reply"}
    elif not run.get("anybody"):
        entry["victims"] = [HOSTS[run.get("victim", "victim")]]
    return document | {"entries": [entry], "otherwise": "unknown"}


def prepare(folder: Path) -> None:
    """Lists of words and users, a key, a configuration."""
    rng = random.Random(5)
    words = ("".join(rng.choices(string.ascii_lowercase + string.digits, k=rng.randint(4, 12))) for _ in range(400))
    (folder / "words.txt").write_text("\n".join(words) + "\n", encoding="ascii")
    (folder / "users.txt").write_text("root\nadmin\ntest\nuser\n", encoding="ascii")
    (folder / "vsftpd.conf").write_text(FTP, encoding="ascii")
    (folder / "rs").mkdir()
    for path in (Path("/run/sshd"), Path("/var/run/vsftpd/empty"), Path("/run/samba")):
        path.mkdir(parents=True, exist_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key")], check=False)
    servers.prepare(folder, tuple(SERVERS))
    tls = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=www.example.test -keyout {folder}/tls.key"
    subprocess.run([*tls.split(), "-out", str(folder / "tls.pem")], check=False, capture_output=True)


def serve(folder: Path) -> None:
    """Start what the tools meet; it ends with the namespaces."""
    for host, commands in SERVERS.items():
        for command in (*commands, *servers.commands(host)):
            start(host, fill(command, folder))
        for port in (80, 8080):
            start(host, f"cd {Path.cwd()} && exec {sys.executable} -m benchmarks.tools.site {port}")
    time.sleep(3)  # servers say nothing when they are ready


def record(run: dict[str, Any], out: Path, folder: Path) -> None:
    """Run one tool with ordinary use beside it, and record both."""
    beside = [start(host, fill(command, folder)) for host, command in AROUND.items()]
    before = run.get("before")
    if before:
        beside.append(start(before["host"], fill(before["command"], folder)))
    try:
        with captured(out / f"{run['name']}.pcap", truth_of(run, f"{run['name']}.pcap")):
            time.sleep(2)  # the ordinary comes first
            # in the scratch folder: some tools leave files where they are run
            network.run(run.get("host", "attacker"), f"cd {folder}; " + fill(run["command"], folder), run["seconds"])
    finally:
        for process in beside:
            stop(process)


def main() -> int:
    """Make the captures, then score them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="names of runs, with commas between them")
    parser.add_argument("--without-score", action="store_true")
    options = parser.parse_args()
    absent = [program for program in PROGRAMS if not shutil.which(program)]
    if absent or os.geteuid() != 0:
        print(f"skipped: needs root and {', '.join(absent or PROGRAMS)}")
        return 0
    runs = tomllib.loads(RUNS.read_text(encoding="utf-8"))["run"]
    wanted = set(filter(None, options.only.split(",")))
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        prepare(Path(scratch))
        network.up()
        try:
            serve(Path(scratch))
            for run in runs:
                if wanted and run["name"] not in wanted:
                    continue
                if not shutil.which(run["needs"]):
                    print(f"{run['name']}: left out, {run['needs']} is not installed", flush=True)
                    continue
                record(run, options.folder, Path(scratch))
                print(run["name"], flush=True)
        finally:
            network.down()
    if options.without_score:
        return 0
    return subprocess.run([sys.executable, "-m", "cli.main", "score", str(options.folder)], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
