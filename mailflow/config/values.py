"""The configuration as frozen values that mirror the TOML file, with their defaults.

config.example.toml says what each key means. Sizes are bytes, durations timedeltas, paths absolute
once `load` has read them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict

from mailflow.config import fields
from mailflow.config.notation import Endpoint, read_network
from mailflow.errors import NotFound

LIKE_ANOTHER_KEY = timedelta.min  # the default of a duration that another key gives


class Policy(StrEnum):
    """In which conversation a booking is announced."""

    NEW_UNLESS_EXISTING = "new_unless_existing"
    ALWAYS_NEW = "always_new"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailflow:
    domain: fields.Domain
    public_url: fields.PublicUrl = ""
    data_dir: fields.RelativePath = Path("data")
    secret_file: fields.RelativePath = Path("data/secret")
    postmaster: fields.OptionalAddress = ""
    alarm_server: fields.OptionalPeer = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    url: fields.DatabaseUrl = field(default="sqlite", repr=False)  # it may hold a password


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    address: fields.Listen = Endpoint("127.0.0.1", 2525)
    protocol: Literal["smtp", "lmtp"] = "smtp"
    max_message_size: fields.Size = 25_000_000
    trusted_peers: fields.Networks = ()
    recipient_headers: tuple[fields.HeaderName, ...] = ()
    tls_certificate: fields.OptionalFile = None
    tls_key: fields.OptionalFile = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    mode: Literal["verify", "header", "none"] = "verify"
    trusted: fields.OptionalDomain = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Smarthost:
    address: fields.Peer = Endpoint("127.0.0.1", 1025)
    security: Literal["none", "starttls", "tls"] = "none"
    username: fields.OptionalLine = ""
    password_file: fields.OptionalFile = None
    dkim_selector: fields.OptionalDomain = ""
    dkim_key_file: fields.OptionalFile = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    listen: fields.Listen = Endpoint("127.0.0.1", 8025)
    trusted_proxies: fields.Networks = (read_network("127.0.0.1"),)
    internal_listen: fields.OptionalListen = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Where a host's busy times are read: a feed (`ics`) or a CalDAV collection, one of the two."""

    ics: fields.CalendarUrl = field(default="", repr=False)  # its path is a password, often
    caldav: fields.CalendarUrl = field(default="", repr=False)
    username: fields.OptionalLine = ""
    password_file: fields.OptionalFile = None
    write: fields.Flag = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Who offers appointments; `hours` by weekday (0 is Monday), `overrides` in place of them."""

    handle: fields.Handle
    name: fields.Line
    email: fields.Address
    aliases: tuple[fields.Address, ...] = ()
    timezone: fields.Zone
    language: fields.Language = "en"
    hours: fields.Week = field(default_factory=dict, hash=False)
    overrides: fields.Overrides = field(default_factory=dict, hash=False)
    calendars: tuple[Calendar, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    label: fields.Line
    required: fields.Flag = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentType:
    slug: fields.Slug
    title: fields.Line
    hosts: fields.Several[fields.Line]
    participants: tuple[fields.Address, ...] = ()
    duration: fields.Step
    conversation: Policy = Policy.NEW_UNLESS_EXISTING
    location: fields.OptionalLine = ""
    description: fields.Text = ""
    buffer_before: fields.Duration = timedelta()
    buffer_after: fields.Duration = timedelta()
    minimum_notice: fields.Duration = timedelta(hours=2)
    horizon: fields.Lasting = timedelta(days=60)
    increment: fields.Step = LIKE_ANOTHER_KEY
    change_notice: fields.Duration = LIKE_ANOTHER_KEY
    daily_limit: fields.Count = 0
    offer_slots: fields.Offered = 6
    offer_life: fields.Lasting = timedelta(days=7)
    reminders: tuple[fields.Lasting, ...] = (timedelta(hours=24),)
    confirm_public: fields.Flag = False
    questions: tuple[Question, ...] = ()

    def __post_init__(self) -> None:
        if self.increment == LIKE_ANOTHER_KEY:
            object.__setattr__(self, "increment", self.duration)
        if self.change_notice == LIKE_ANOTHER_KEY:
            object.__setattr__(self, "change_notice", self.minimum_notice)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All that an operator decides; `folder` is where the file stands."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # for all tables within, too

    mailflow: Mailflow
    database: Database = Database()
    listener: Listener = Listener()
    authentication: Authentication = Authentication()
    smarthost: Smarthost = Smarthost()
    web: Web = Web()
    hosts: fields.Several[Host]
    appointment_types: tuple[AppointmentType, ...] = ()
    folder: fields.NotInTheFile = Path()

    def host(self, handle: str) -> Host:
        """The host of that handle, whatever its case; NotFound."""
        for host in self.hosts:
            if host.handle == handle.lower():
                return host
        raise NotFound("host", handle)

    def host_of(self, address: str) -> Host | None:
        """The host who reads or writes mail at that address (`email` or one of `aliases`)."""
        wanted = address.lower()
        for host in self.hosts:
            if wanted in (own.lower() for own in (host.email, *host.aliases)):
                return host
        return None

    def appointment_type(self, slug: str, handle: str | None = None) -> AppointmentType:
        """The type of that slug, one of that host's if a handle is given; NotFound."""
        for kind in self.appointment_types:
            if kind.slug == slug.lower() and (handle is None or handle.lower() in kind.hosts):
                return kind
        raise NotFound("appointment type", slug)


SECTIONS: Mapping[str, type] = {
    "mailflow": Mailflow,
    "database": Database,
    "listener": Listener,
    "authentication": Authentication,
    "smarthost": Smarthost,
    "web": Web,
}
TABLES: Mapping[tuple[str, ...], type] = {
    (): Config,
    **{(name,): section for name, section in SECTIONS.items()},
    ("hosts",): Host,
    ("hosts", "overrides"): fields.Override,
    ("hosts", "calendars"): Calendar,
    ("appointment_types",): AppointmentType,
    ("appointment_types", "questions"): Question,
}
