"""The web door: pages in, pages out.

`places` is the table of what stands where, `site` turns a request into a call of the house and its
answer into a page, `limits` says who has to wait, `guard` refuses what is no request of a visitor
and puts the headers on every answer, `server` opens the ports.
"""

from mailflow.doors.web.server import Web

__all__ = ["Web"]
