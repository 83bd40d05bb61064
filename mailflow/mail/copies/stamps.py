"""The field Mailflow-Instance: which mailflows a mail has passed, the last one first, so that no two go on for ever."""

import re

# A longer way was never meant; and the field stays short.
MOST_INSTANCES = 8

_DOMAIN = re.compile(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,9}")


def stamp(own_domain: str, before: str = "") -> str:
    """The field's value in a mail that goes out; `before` is that of the mail which is passed on."""
    return " ".join([own_domain, *_instances(before)][:MOST_INSTANCES])


def comes_back(own_domain: str, value: str) -> bool:
    """Whether a mail with this value is one of ours on its way back: straight from here, or for the second time.

    Once, over another mailflow, it may be for somebody else here.
    """
    passed = _instances(value)
    return passed[:1] == [own_domain] or passed.count(own_domain) > 1


def _instances(value: str) -> list[str]:
    return [name for name in value.lower().split() if _DOMAIN.fullmatch(name)]
