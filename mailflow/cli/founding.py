"""`init`: a first configuration and fresh secrets; later, a fresh key to sign mail with."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from mailflow import config
from mailflow.cli.first_config import Answers, config_text
from mailflow.cli.opening import config_path
from mailflow.cli.screen import print_line
from mailflow.cli.signing_keys import make_key, tell_keys, tell_record, written_path
from mailflow.errors import ConfigError, MailflowError

QUESTIONS: Mapping[str, str] = {
    "domain": "Mail domain of mailflow's own addresses",
    "name": "Name of the host who offers appointments",
    "handle": "Handle: the host's address is HANDLE@domain",
    "email": "Where the host reads mail",
    "zone": "Time zone of the host",
    "public_url": "Where people reach the pages (- for no pages)",
    "smarthost": "HOST:PORT of the server that sends mail",
}
"""What is asked, by the field of the answer."""

SECRET = Path("data") / "secret"
"""Where a configuration that does not say otherwise has its secrets."""


def init(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: a setup to try out.")] = False,
    dkim: Annotated[
        bool, typer.Option("--dkim", help="Make a key to sign mail with, also later.")
    ] = False,
) -> None:
    """Write a configuration and fresh secrets, after a few questions."""
    path = config_path(context)
    secret = path.parent / SECRET
    if dkim and path.exists():
        _add_key(path)
        return
    for file in (path, secret):
        if file.exists():
            raise MailflowError(f"{file} is there already; it is not overwritten")
    answers = replace(Answers(), zone=_local_zone())
    answers = answers if yes else _ask(answers)
    made = make_key(secret.parent, answers.domain) if dkim else None
    if made:
        key_file = written_path(made.file, path.parent)
        answers = replace(answers, dkim_selector=made.signer.selector, dkim_key_file=key_file)
    _write(path, secret, config_text(answers))
    print_line(f"Wrote {path} and {secret}.")
    if made:
        tell_record(made)
    print_line("Now look at what is missing: mailflow check")
    print_line("Then start it: mailflow serve")


def _add_key(path: Path) -> None:
    """A key for a configuration that is there, which stays as it is."""
    settings = config.load(path, os.environ).mailflow
    made = make_key(settings.data_dir, settings.domain)
    print_line(f"Wrote {made.file}.")
    tell_record(made)
    tell_keys(made, path)


def _ask(answers: Answers) -> Answers:
    for field, question in QUESTIONS.items():
        while True:
            said = typer.prompt(question, default=getattr(answers, field)).strip()
            tried = replace(answers, **{field: "" if said == "-" else said})
            mistakes = _mistakes(tried)
            if not mistakes:
                break
            typer.echo("\n".join(mistakes), err=True)
        answers = tried
    return answers


def _mistakes(answers: Answers) -> list[str]:
    """What is wrong with a configuration of these answers: key, value, what would be right."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        path.write_text(config_text(answers), "utf-8")
        try:
            config.load(path, {})
        except ConfigError as error:
            return [mistake.removeprefix(f"{path}: ") for mistake in error.mistakes]
    return []


def _write(path: Path, secret: Path, text: str) -> None:
    config.write_secret(secret, os.urandom)
    with path.open("x", encoding="utf-8") as file:
        file.write(text)


def _local_zone() -> str:
    """The zone of this machine by its IANA name, as far as it tells."""
    parts = Path("/etc/localtime").resolve().parts
    name = "/".join(parts[parts.index("zoneinfo") + 1 :]) if "zoneinfo" in parts else ""
    return name if name and not _mistakes(replace(Answers(), zone=name)) else "UTC"
