"""The ports that mailflow listens on, and the smarthost that it sends to."""

import errno
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing

from mailflow import config
from mailflow.cli.findings import Finding, fail, ok, warn
from mailflow.config import Config, Endpoint

PATIENCE = 5.0
"""Seconds for a peer to answer."""


def port_findings(settings: Config) -> Iterator[Finding]:
    """Whether each port can be opened, or is held by a mailflow that runs."""
    serves = _greets(settings.listener.address, settings.mailflow.domain)
    yield _port("listener.address", settings.listener.address, serves)
    yield _port("web.listen", settings.web.listen, serves)
    if settings.web.internal_listen:
        yield _port("web.internal_listen", settings.web.internal_listen, serves)


def smarthost_finding(settings: Config) -> Finding:
    """Whether the smarthost answers as the configuration says: security and login included."""
    smarthost = settings.smarthost
    try:
        _greet(smarthost, settings.mailflow.domain)
    except (OSError, smtplib.SMTPException) as error:
        advice = "start it, or mend address, security, username and password_file in [smarthost]"
        said = getattr(error, "strerror", None) or str(error)
        return fail("smarthost", f"{smarthost.address} does not take mail: {said}", advice)
    if smarthost.security == "none" and not _is_loopback(smarthost.address.host):
        advice = 'set security = "starttls", or "tls"'
        return warn("smarthost", f"mail goes to {smarthost.address} unencrypted", advice)
    return ok("smarthost", f"{smarthost.address} answers")


def _port(check: str, endpoint: Endpoint, serves: bool) -> Finding:
    try:
        family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
        socket.create_server((endpoint.host, endpoint.port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE and serves:
            return ok(check, f"{endpoint} is held by a mailflow that runs")
        return fail(
            check, f"{endpoint} cannot be opened: {error.strerror or error}", _advice(error)
        )
    return ok(check, f"{endpoint} is free")


def _advice(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "end the program that listens there, or choose another port"
        case errno.EACCES:
            return "choose a port above 1023, or give mailflow CAP_NET_BIND_SERVICE"
        case _:
            return "write an address of this machine, or 0.0.0.0 for all of them"


def _greets(endpoint: Endpoint, domain: str) -> bool:
    """Whether a mailflow of this domain answers there."""
    try:
        with closing(socket.create_connection((endpoint.host, endpoint.port), PATIENCE)) as peer:
            greeting = peer.recv(512).decode("ascii", "replace")
            peer.sendall(b"QUIT\r\n")
    except OSError:
        return False
    return domain in greeting


def _greet(smarthost: config.Smarthost, hostname: str) -> None:
    host, port = smarthost.address.host, smarthost.address.port
    context = ssl.create_default_context()
    client: smtplib.SMTP
    if smarthost.security == "tls":
        client = smtplib.SMTP_SSL(host, port, hostname, timeout=PATIENCE, context=context)
    else:
        client = smtplib.SMTP(host, port, hostname, timeout=PATIENCE)
    with client:
        if smarthost.security == "starttls":
            client.starttls(context=context)
        if smarthost.password_file:
            client.login(smarthost.username, smarthost.password_file.read_text().strip())


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
