"""One frozen `Config`: what it holds (`values`), how its values are written (`notation`),
what must hold between them (`checks`), and how it is read, with all mistakes at once (`file`)."""

from mailflow.config.file import load, secrets
from mailflow.config.notation import Endpoint, Network, Window
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
]
