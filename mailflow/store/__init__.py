"""What mailflow remembers: the tables, the database and its one writer. The only room that knows SQL."""

from mailflow.store.database import DatabaseTrouble, Store, database_path, open_store
from mailflow.store.session import Session
from mailflow.store.unit import Unit

__all__ = ["DatabaseTrouble", "Session", "Store", "Unit", "database_path", "open_store"]
