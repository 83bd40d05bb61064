"""Octets, markup and letters of others into clean text."""
