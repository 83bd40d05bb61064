"""The doors: SMTP in, SMTP out, HTTP. The only async room.

A door turns what a peer sends into a value, hands it to the house, and turns the answer, or the
house's error, into what that protocol says. It decides nothing about conversations and
appointments, and knows no table.
"""
