"""A configuration file: what it says is what holds, and what is wrong is said by line and key."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from contract.errors import InputError
from detector.config import Config
from detector.config_file import Findings, check, parse, read
from detector.policy import Policy
from detector.silence import Rule
from detector.site import Asset

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FULL = """\
[meter]
idle_s = 30
active_s = 600.5
capacity = 4096
hosts = 1000
late_ms = 25
tick_ms = 100
tick_frames = 1000
tunnels = "inner"
[alerts]
sure = 0.9
update_s = 2
most_incidents = 128
[families.recon]
evidence = 50
severity = "low"
[families.port_scan]
evidence = 99
flows = 30
least_score = 0.8
[[allow]]
reason = "scanner"
sources = ["192.0.2.10", "02:00:00:00:00:01"]
families = ["recon", "web_attack"]
until = 2026-12-31
[[mute]]
reason = "nights"
hours = ["22:00-06:30"]
[network]
home = ["10.0.0.0/8"]
[[assets]]
name = "payroll"
addresses = ["192.0.2.80"]
raise = 2
[service]
names = ["tenfold.example", "wall:8150"]
[live]
promiscuous = true
"""


def said(text: str) -> Findings:
    return parse(text, NOW)


def test_all_that_a_file_says_holds() -> None:
    found = said(FULL)
    assert (found.problems, found.warnings) == ([], [])
    config = found.config
    assert (config.idle_s, config.active_s, config.capacity) == (30.0, 600.5, 4096)
    assert (config.hosts, config.late_ns) == (1000, 25_000_000)
    assert (config.tick_ns, config.tick_frames, config.sure) == (100_000_000, 1000, 0.9)
    assert config.tunnels == "inner"
    policy = config.policy
    assert (policy.update_s, policy.capacity) == (2.0, 128)
    assert policy.bar("host_sweep").evidence == 50
    assert (policy.bar("port_scan").evidence, policy.bar("port_scan").flows) == (99, 30)
    assert policy.bar("port_scan").quiet_s == Policy().bar("port_scan").quiet_s
    assert policy.bar("syn_flood") == Policy().bar("syn_flood")
    assert policy.least == {"port_scan": 0.8}
    assert policy.site.severities == {"host_sweep": "low", "port_scan": "low", "web_scan": "low"}
    end = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp()) * 10**9
    families = frozenset({"host_sweep", "port_scan", "web_scan", "web_attack"})
    assert policy.rules == (
        Rule("allowed", "scanner", ("192.0.2.10", "02:00:00:00:00:01"), (), families, end),
        Rule("muted", "nights", hours=((22 * 60, 6 * 60 + 30),)),
    )
    assert policy.site.home == ("10.0.0.0/8",)
    assert policy.site.assets == (Asset("payroll", ("192.0.2.80",), 2),)
    assert config.names == ("tenfold.example", "wall:8150")
    assert (config.live.promiscuous, config.live.snaplen) == (True, 262_144)
    assert found.counts == {"allow": 1, "mute": 1, "families": 3, "assets": 1}


def test_an_empty_file_changes_nothing() -> None:
    assert said("").config == Config()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("x = [", None, "not TOML"),
        ("\n[metre]\n", 2, "metre: no table is called so; did you mean meter?"),
        ("meter = 3", 1, r"must be a table, \[meter\]"),
        ("[meter]\nidle = 3", 2, "meter.idle: no key is called so; did you mean idle_s?"),
        ("[meter]\nqq = 3", 2, "known are idle_s, active_s"),
        ("[meter]\n\ncapacity = 10.5", 3, "meter.capacity: must be a whole number from 256 to 67,108,864, not 10.5"),
        ("[meter]\nidle_s = true", 2, "must be a number from 0.1 to 86,400, not true"),
        ("[meter]\nidle_s = nan", 2, "must be a number"),
        ("[alerts]\nsure = 2", 2, "from 0.5 to 1, not 2"),
        ("[families.portscan]\nflows = 1", 1, "no family or group is called so; did you mean port_scan?"),
        ("[families]\nport_scan = 1", 2, r"must be a table, \[families.port_scan\]"),
        ("families = 1", 1, r"must be tables, \[families.NAME\]"),
        ("[families.dos]\nseverity = 'grave'", 2, "must be low, medium, high or critical, not 'grave'"),
        ("[families.dos]\nseverity = 'hihg'", 2, "did you mean high?"),
        ("[families.dos]\nfloes = 1", 2, "families.dos.floes: no key is called so; did you mean flows?"),
        ("[allow]\nreason = 'x'", 1, r"must be written as \[\[allow\]\]"),
        ("[[allow]]\nsources = ['192.0.2.1']", 1, r"allow\[1\]: reason is missing"),
        ("[[allow]]\nreason = ' '\nsources = ['192.0.2.1']", 2, "is empty; say something"),
        ("[[allow]]\nreason = 'x'", 1, "would hold for everything: give sources or destinations"),
        ("[[allow]]\nreason = 'x'\nsources = []", 3, "is empty: leave it out"),
        ("[[allow]]\nreason = 'x'\nsources = ['192.0.2.0/33']", 3, "neither an IP address nor a prefix"),
        ("[[allow]]\nreason = 'x'\nsources = '192.0.2.0'", 3, "must be a list of addresses, prefixes or MAC addresses"),
        ("[[allow]]\nreason = 'x'\nsources = ['192.0.2.1']\nfamilies = ['recom']", 4, "did you mean recon?"),
        (
            "[[allow]]\nreason = 'x'\nsources = ['192.0.2.1']\nuntil = '2027-01-01'",
            4,
            "must be a date, 2027-01-31, not",
        ),
        ("[[allow]]\nreason = 'x'\nsources = ['192.0.2.1']\nhours = ['01:00-02:00']", 4, "no key is called so"),
        ("[[mute]]\nreason = 'x'", 1, "give families or sources or destinations or hours"),
        ("[[mute]]\nreason = 'x'\nhours = ['22-06']", 3, "is no span of the day"),
        ("[[mute]]\nreason = 'x'\nhours = ['22:00-22:00']", 3, "is no span of the day"),
        ("[network]\nhome = ['02:00:00:00:00:01']", 2, "neither an IP address nor a prefix"),
        ("[[assets]]\nname = 'x'", 1, "addresses is missing: where they are"),
        ("[[assets]]\nname = 'x'\naddresses = ['192.0.2.1']\nraise = 9", 4, "from 1 to 3"),
        ("[service]\nnames = ['*.example']", 2, "is no host name"),
        ("[live]\npromiscuous = 1", 2, "must be true or false, not 1"),
    ],
)
def test_what_is_wrong_is_said_by_line(text: str, line: int | None, words: str) -> None:
    import re

    problems = said(text).problems
    assert [problem.line for problem in problems][:1] == [line]
    assert re.search(words, str(problems[0])), str(problems[0])


def test_all_problems_are_found_at_once_and_the_first_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text("[meter]\nidle = 3\ncapacity = 0\n[[mute]]\nreason = 'x'\n")
    assert len(check(path).problems) == 3
    with pytest.raises(InputError, match=r"t.toml: line 2: meter.idle: .* \(and 2 more; `tenfold config check"):
        read(path)
    with pytest.raises(InputError, match="no such configuration file"):
        read(tmp_path / "none.toml")


def test_a_rule_that_has_expired_is_a_warning() -> None:
    text = "[[allow]]\nreason = 'x'\nsources = ['192.0.2.1']\nuntil = {}\n"
    assert said(text.format("2026-11-22")).warnings == []
    found = said(text.format("2026-11-21"))
    assert found.problems == []
    assert str(found.warnings[0]) == "line 4: allow[1].until: passed on 2026-11-21: the rule does nothing any more"


def test_too_many_rules_are_refused() -> None:
    text = "[[mute]]\nreason = 'x'\nfamilies = ['dos']\n" * 1001
    assert "more than 1000" in str(said(text).problems[0])
