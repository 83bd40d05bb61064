"""`check`: what is right, what is not, and what to do about it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from functools import partial

import typer

from mailflow import vitals
from mailflow.cli.arguments import AsJson
from mailflow.cli.calendar_checks import calendar_findings
from mailflow.cli.database_checks import database_findings
from mailflow.cli.findings import Finding, Status, fail, ok, warn
from mailflow.cli.machine import machine_findings
from mailflow.cli.opening import config_path, configured_house
from mailflow.cli.peers import port_findings, smarthost_finding
from mailflow.cli.public_page import public_url_finding
from mailflow.cli.records import dns_findings
from mailflow.cli.screen import print_json, print_line
from mailflow.config import Config
from mailflow.errors import ConfigError, MailflowError
from mailflow.store import DatabaseTrouble, is_new, open_store
from mailflow.store.tables import Node
from mailflow.store.unit import House

STYLES = {Status.OK: "green", Status.WARN: "yellow", Status.FAIL: "bold red"}


def check(context: typer.Context, as_json: AsJson = False) -> None:
    """Look at everything that mailflow needs; exit 1 if something does not work."""
    findings = []
    for finding in _findings(context):
        findings.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    if any(finding.status is Status.FAIL for finding in findings):
        raise typer.Exit(1)


def _print(finding: Finding) -> None:
    style = STYLES[finding.status]
    print_line(f"{finding.status:<4} {finding.check}: {finding.detail}", style)
    if finding.advice:
        print_line(finding.advice, indent=5)


def _findings(context: typer.Context) -> Iterator[Finding]:
    path = config_path(context)
    try:
        house = configured_house(context)
    except ConfigError as error:
        yield from (fail("config", mistake, f"mend it in {path}") for mistake in error.mistakes)
        return
    settings = house.config
    yield ok("config", f"{path} is right")
    yield from machine_findings(settings)
    yield from _templates(house.templates.check)
    yield from database_findings(house)
    yield from _queues(house)
    yield from port_findings(settings)
    yield public_url_finding(settings, house.templates)
    yield smarthost_finding(settings)
    yield _authentication(settings)
    yield from calendar_findings(house)
    yield from dns_findings(settings, house.signer)


def _templates(compile_all: Callable[[], None]) -> Iterable[Finding]:
    try:
        compile_all()
    except ConfigError as error:
        advice = "mend the template, or remove it to have ours"
        return [fail("templates", mistake, advice) for mistake in error.mistakes]
    return [ok("templates", "all can be used")]


def _queues(house: House) -> Iterator[Finding]:
    """Whether anything waits for too long, and who works; a house without a database has no queue."""
    if is_new(house.config):
        return
    try:
        store = open_store(house)
        found = store.read_now(vitals.look)
        store.close()
    except (DatabaseTrouble, MailflowError):
        return  # it was told already
    late = [vitals.say(queue, found.now) for queue in found.late(vitals.SUSPICIOUS)]
    if found.parked.number:
        late.append(vitals.say(found.parked, found.now))
    if late:
        advice = "see that `mailflow serve` runs; then look at `mailflow queue` and `mailflow held`"
        yield warn("queues", "; ".join(late), advice)
    else:
        yield ok("queues", "nothing waits for long")
    yield from map(partial(_node, now=found.now), found.nodes)


def _node(node: Node, now: datetime) -> Finding:
    said = vitals.say_node(node, now)
    if node.is_lost(now):
        return warn("nodes", said, "look at its machine, and start it again")
    return ok("nodes", said)


def _authentication(settings: Config) -> Finding:
    mode, listener = settings.authentication.mode, settings.listener
    if mode == "none":
        advice = "use it in a trusted network alone: anybody can write in a host's name"
        return warn("authentication", "everybody is believed", advice)
    behind = listener.protocol == "lmtp" or listener.address.host in ("127.0.0.1", "::1")
    if mode == "verify" and behind:
        advice = 'where the server in front checks mail, use mode = "header" with its name'
        detail = "behind another server SPF cannot be checked: DKIM alone counts"
        return warn("authentication", detail, advice)
    return ok("authentication", f"mode {mode}")
