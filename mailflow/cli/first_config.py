"""The text of a first configuration, from a few answers."""

import json
from dataclasses import dataclass

SMTP_SUBMISSION, SMTP_OVER_TLS = "587", "465"
"""Ports of a smarthost that tell how it wants to be spoken to (RFC 8314)."""

TEXT = """\
# The configuration of mailflow. All keys there are, with their meaning and default, stand in
# config.example.toml; `mailflow check` says what is wrong here, and what to do about it.

[mailflow]
# All of mailflow's addresses are at this domain: its MX, or a transport of your mail server, leads
# to the listener below.
domain = {domain}
# Where people reach the pages. "": no pages, offers carry numbers and mail addresses alone.
public_url = {public_url}
# The operator, who gets mail to postmaster@ and is told what goes wrong.
postmaster = {email}

# Mail comes in.
[listener]
address = "127.0.0.1:2525"
protocol = "smtp"

# Is a host's mail really the host's? "verify": check SPF, DKIM and DMARC; "header": believe the
# Authentication-Results of `trusted`; "none": believe everybody, in a trusted network.
[authentication]
mode = "verify"

# Mail goes out. `security` is "none", "starttls" or "tls"; where the smarthost wants a login, give
# `username` and `password_file`.
[smarthost]
address = {smarthost}
security = {security}
# The selector and private key to sign mail with, as `mailflow init --dkim` makes them. "": not signed here.
dkim_selector = {dkim_selector}
dkim_key_file = {dkim_key_file}

# The pages, for a reverse proxy with TLS in front.
[web]
listen = "127.0.0.1:8025"

# Who offers appointments; one such table for each host. HANDLE@domain is the host's address here.
[[hosts]]
handle = {handle}
name = {name}
# Where the host reads mail; not at `domain`.
email = {email}
# Other addresses that the host writes from.
aliases = []
# Hours are wall-clock times in this zone.
timezone = {zone}
hours = {{ mon = ["09:00-17:00"], tue = ["09:00-17:00"], wed = ["09:00-17:00"], \
thu = ["09:00-17:00"], fri = ["09:00-17:00"] }}

# What can be booked; one such table for each type. The host writes `/offer meeting` to offer it.
[[appointment_types]]
slug = "meeting"
title = "Meeting"
hosts = [{handle}]
duration = "30m"
location = ""
# How soon an appointment may begin, and when its reminders go out.
minimum_notice = "2h"
reminders = ["24h"]
"""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a first configuration has to know; the defaults are for trying it on one machine."""

    domain: str = "flow.localhost"
    name: str = "Your Name"
    handle: str = "me"
    email: str = "me@example.com"
    zone: str = "UTC"
    public_url: str = "http://127.0.0.1:8025"
    smarthost: str = "127.0.0.1:1025"
    dkim_selector: str = ""
    dkim_key_file: str = ""


def config_text(answers: Answers) -> str:
    """A configuration with these answers, as TOML."""
    facts = {
        "domain": answers.domain,
        "name": answers.name,
        "handle": answers.handle,
        "email": answers.email,
        "zone": answers.zone,
        "public_url": answers.public_url,
        "smarthost": answers.smarthost,
        "security": _security(answers.smarthost),
        "dkim_selector": answers.dkim_selector,
        "dkim_key_file": answers.dkim_key_file,
    }
    # A JSON string is a TOML string as well.
    written = {key: json.dumps(value, ensure_ascii=False) for key, value in facts.items()}
    return TEXT.format_map(written)


def _security(smarthost: str) -> str:
    port = smarthost.rpartition(":")[2]
    return {SMTP_SUBMISSION: "starttls", SMTP_OVER_TLS: "tls"}.get(port, "none")
