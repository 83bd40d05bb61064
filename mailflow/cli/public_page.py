"""Whether people reach the pages at the address that links have."""

from collections.abc import Callable
from urllib.error import URLError
from urllib.request import urlopen

from mailflow.cli.findings import Finding, ok, warn
from mailflow.config import Config
from mailflow.rendering import Templates

PATIENCE = 5.0
"""Seconds for the server in front."""

MOST = 64 * 1024
"""Octets that are read of an answer: our style sheet has less."""

Fetch = Callable[[str], bytes]
"""What stands at an address; OSError where nothing does."""


def fetch(url: str) -> bytes:
    """Ask as a browser does."""
    with urlopen(url, timeout=PATIENCE) as answer:
        content: bytes = answer.read(MOST)
        return content


def public_url_finding(config: Config, templates: Templates, ask: Fetch = fetch) -> Finding:
    """Whether the public URL leads to the pages of this mailflow."""
    url = config.mailflow.public_url
    if not url:
        return ok("public_url", "there are no pages: offers carry numbers and mail addresses")
    try:
        answers = ask(f"{url}/assets/mailflow.css") == templates.asset("mailflow.css").encode()
    except (OSError, URLError, ValueError) as error:
        advice = "start mailflow, and have the server in front pass requests on, with their Host"
        return warn("public_url", f"{url} does not answer: {error}", advice)
    if not answers:
        advice = f"have the server in front pass requests for {url} on to web.listen"
        return warn("public_url", f"something else answers at {url}", advice)
    return ok("public_url", f"the pages answer at {url}")
