"""Appointments: when hosts are free, what an offer lists, and what becomes of a booking.

Availability is a computation on values; offers, bookings, invites and reminders are transactions
that ask it. Nothing here knows how a mail or a page reached us.
"""
