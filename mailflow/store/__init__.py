"""What mailflow remembers: the tables, the databases and their one writer. The only room that knows SQL."""

from mailflow.store.backup import back_up
from mailflow.store.copying import Contents, copy_database
from mailflow.store.database import Store, open_store
from mailflow.store.engines import DatabaseTrouble, database_path, is_embedded, is_new
from mailflow.store.session import Session
from mailflow.store.unit import Unit

__all__ = [
    "Contents",
    "DatabaseTrouble",
    "Session",
    "Store",
    "Unit",
    "back_up",
    "copy_database",
    "database_path",
    "is_embedded",
    "is_new",
    "open_store",
]
