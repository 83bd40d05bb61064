"""One frozen `Config`: what it holds (`values`), how its values are written (`notation`),
what must hold between them (`checks`), how it is read, with all mistakes at once (`file`), and the
secrets beside it (`secret_file`)."""

from mailflow.config.file import load
from mailflow.config.notation import Endpoint, Network, Window
from mailflow.config.secret_file import secrets, write_secret
from mailflow.config.values import (
    AppointmentType,
    Authentication,
    Calendar,
    Config,
    Database,
    Host,
    Listener,
    Mailflow,
    Policy,
    Question,
    Smarthost,
    Web,
)

__all__ = [
    "AppointmentType",
    "Authentication",
    "Calendar",
    "Config",
    "Database",
    "Endpoint",
    "Host",
    "Listener",
    "Mailflow",
    "Network",
    "Policy",
    "Question",
    "Smarthost",
    "Web",
    "Window",
    "load",
    "secrets",
    "write_secret",
]
