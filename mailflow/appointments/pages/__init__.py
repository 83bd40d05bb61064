"""The pages of appointments: what each link shows, and what happens when its button is pressed.

Functions of `(unit, asked, …)` with what stands in the path. Those that show a page change nothing
and return its template and facts; those that act return where to go on. Nothing here knows of HTTP.
"""

from mailflow.appointments.pages.asked import Asked
from mailflow.appointments.pages.page import Page

__all__ = ["Asked", "Page"]
