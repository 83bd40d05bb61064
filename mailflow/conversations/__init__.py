"""What a mail that comes in does: which conversation it belongs to, who wrote it and may they, what it asks for.

`receive` is the entrance: one mail, one transaction with all that follows from it.
"""
