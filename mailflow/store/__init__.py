"""What mailflow remembers: the tables, the database and its one writer. The only room that knows SQL."""

from mailflow.store.database import Store, open_store
from mailflow.store.session import Session
from mailflow.store.unit import Unit

__all__ = ["Session", "Store", "Unit", "open_store"]
