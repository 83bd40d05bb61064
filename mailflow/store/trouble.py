"""The database itself is in trouble: locked, not to be opened, out of reach."""

from peewee import OperationalError as DatabaseTrouble

__all__ = ["DatabaseTrouble"]
