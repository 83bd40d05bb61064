"""A mail as octets: header fields and MIME parts, taken apart, written and signed."""
