"""Puts a message into a conversation and queues one copy of it for each recipient.

The one small piece that both `conversations` and `appointments` stand on: whoever has something to say to the people of
a conversation says it here.
"""
