"""aiosmtpd's own tests, as its wheel carries them, meet our listener: each case passes, or has a reason not to."""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import aiosmtpd.tests

from tests.conftest import Figure

CASES = Path(aiosmtpd.tests.__file__).parent
FILES = ("test_smtp", "test_lmtp", "test_starttls", "test_smtpsmuggling")

OTHER_FILES = {
    "test_handlers": "handlers of messages: the listener is asked to `take` instead",
    "test_main": "the command line of aiosmtpd",
    "test_misc": "the names of its releases",
    "test_proxyprotocol": "PROXY is not spoken",
    "test_server": "its threads and controllers: the listener lives in the loop of the service",
    "test_smtps": "TLS from the first byte is not spoken to strangers (RFC 8314 has it for submission)",
}

AUTH = "AUTH is not offered: nobody submits mail here (RFC 6409)"
BARE = "an address stands in angle brackets (RFC 5321 section 4.1.2)"
BY_HAND = "builds an instance of its class: nothing of it is seen on the wire"
EIGHT_BITS = "8 bits are taken in a message: 8BITMIME is offered"
GREETING = "we name ourselves, and what we offer, in words of our own"
HANDLER = "asks a handler of aiosmtpd: here a fault is 451, whatever it was"
HELP = "HELP is not offered (RFC 5321 section 4.5.1 does not ask for it)"
LMTP = "HELO and EHLO are known and not offered: 502 (RFC 5321 section 4.2.4)"
LONG_LINES = "a line may be as long as the message: such mail is sent, and harms nobody"
ONE_LIMIT = "commands are counted all together, and mistakes beside them"
PARAMETERS = "a parameter that is not known is 555 (RFC 5321 section 4.1.1.11)"
ROUTE = "source routes are refused, which they may be (RFC 5321 section 3.6.1): relays are probed with them"
SMUGGLING = "other marks than CRLF.CRLF refuse the message"
TLS = "STARTTLS is offered, never demanded: most mail between servers would not come (RFC 3207 section 4)"
UTF8 = "SMTPUTF8 is not offered"
VRFY = "looks into an envelope by a handler of VRFY: nothing is looked up here"

UNHURRIED = {"ASYNCIO_CATCHUP_DELAY": "0.4"}
"""Seconds that they give a server to notice something; theirs are few for a busy machine."""

EXCEPTIONS = {
    "test_lmtp.test_ehlo": LMTP,
    "test_lmtp.test_helo": LMTP,
    "test_lmtp.test_help": HELP,
    "test_lmtp.test_lhlo": GREETING,
    "test_smtp.TestAuthArgs": BY_HAND,
    "test_smtp.TestAuthMechanisms": AUTH,
    "test_smtp.TestAuthenticator": AUTH,
    "test_smtp.TestCustomization.test_custom_greeting": GREETING,
    "test_smtp.TestCustomization.test_default_greeting": GREETING,
    "test_smtp.TestCustomization.test_limitlocalpart": BARE,
    "test_smtp.TestLimits.test_different_limits": ONE_LIMIT,
    "test_smtp.TestLimits.test_different_limits_custom_default": ONE_LIMIT,
    "test_smtp.TestLimits.test_limit_bogus": ONE_LIMIT,
    "test_smtp.TestLimits.test_limit_wrong_type": BY_HAND,
    "test_smtp.TestLimits.test_limit_wrong_value_type": BY_HAND,
    "test_smtp.TestProtocol": BY_HAND,
    "test_smtp.TestRequiredAuthentication": AUTH,
    "test_smtp.TestResetCommands": VRFY,
    "test_smtp.TestSMTP.test_ehlo": GREETING,
    "test_smtp.TestSMTP.test_help": HELP,
    "test_smtp.TestSMTP.test_help_": HELP,
    "test_smtp.TestSMTP.test_help_bad_arg": HELP,
    "test_smtp.TestSMTP.test_help_esmtp": HELP,
    "test_smtp.TestSMTP.test_mail_esmtp_errsyntax[badsyntax]": PARAMETERS,
    "test_smtp.TestSMTP.test_mail_smtp_errsyntax[params_noesmtp]": "SIZE is taken after HELO, too",
    **{
        f"test_smtp.TestSMTP.test_{command}_valid_address[{number}]": reason
        for command, last in (("mail", 40), ("rcpt", 43))
        for number in range(last)
        if number not in (1, 3, 5, 23, 40)
        for reason in (ROUTE if number in (19, 20) else BARE,)
    },
    "test_smtp.TestSMTP.test_rcpt_esmtp_errsyntax[badparams]": PARAMETERS,
    "test_smtp.TestSMTP.test_rcpt_invalid_address": "no mailbox of ours: 550 as for any other",
    "test_smtp.TestSMTP.test_rcpt_smtp_errsyntax[params]": PARAMETERS,
    "test_smtp.TestSMTP.test_vrfy_not_address": "VRFY is 252 whatever it asks for",
    "test_smtp.TestSMTPAuth": AUTH,
    "test_smtp.TestSMTPWithController.test_bad_encodings": UTF8,
    "test_smtp.TestSMTPWithController.test_data_line_too_long": LONG_LINES,
    "test_smtp.TestSMTPWithController.test_esmtp_no_size_limit": "there is always a limit",
    "test_smtp.TestSMTPWithController.test_exception_handler_exception": HANDLER,
    "test_smtp.TestSMTPWithController.test_exception_handler_multiple_connections_lost": HANDLER,
    "test_smtp.TestSMTPWithController.test_exception_handler_undescribable": HANDLER,
    "test_smtp.TestSMTPWithController.test_long_line_double_count": LONG_LINES,
    "test_smtp.TestSMTPWithController.test_long_line_leak": LONG_LINES,
    "test_smtp.TestSMTPWithController.test_mail_with_compatible_smtputf8": UTF8,
    "test_smtp.TestSMTPWithController.test_mail_with_incompatible_smtputf8": UTF8,
    "test_smtp.TestSMTPWithController.test_process_message_error": HANDLER,
    "test_smtp.TestSMTPWithController.test_too_long_body_delay_error": "the same code in other words",
    "test_smtp.TestSMTPWithController.test_too_long_line_delay_error": LONG_LINES,
    "test_smtp.TestSMTPWithController.test_too_long_lines_then_too_long_body": LONG_LINES,
    "test_smtp.TestSMTPWithController.test_unexpected_errors": HANDLER,
    "test_smtp.TestSMTPWithController.test_unexpected_errors_custom_response": HANDLER,
    "test_smtp.TestSMTPWithController.test_unexpected_errors_unhandled": HANDLER,
    "test_smtp.TestSanitize": BY_HAND,
    "test_smtp.TestSleepingHandler": "what was sent before the end is answered yet",
    "test_smtp.TestStrictASCII.test_data": EIGHT_BITS,
    "test_smtp.TestStrictASCII.test_mail_param": UTF8,
    "test_smtpsmuggling.TestSmuggling": SMUGGLING,
    "test_starttls.TestNoTLS": "STARTTLS without a certificate is 502 (RFC 5321 section 4.2.4)",
    "test_starttls.TestRequireTLS.test_data_fails": TLS,
    "test_starttls.TestRequireTLS.test_helo_fails": TLS,
    "test_starttls.TestRequireTLS.test_help_fails": TLS,
    "test_starttls.TestRequireTLS.test_mail_fails": TLS,
    "test_starttls.TestRequireTLS.test_rcpt_fails": TLS,
    "test_starttls.TestRequireTLS.test_vrfy_fails": TLS,
    "test_starttls.TestRequireTLSAUTH": AUTH,
    "test_starttls.TestStartTLS.test_failed_handshake": HANDLER,
    "test_starttls.TestStartTLS.test_help_after_starttls": HELP,
    "test_starttls.TestStartTLS.test_help_starttls": HELP,
    "test_starttls.TestTLSContext": BY_HAND,
    "test_starttls.TestTLSEnding": HANDLER,
}
"""Why a case, or all cases of a class or a function, need not pass."""


def run(folder: Path) -> tuple[set[str], set[str]]:
    """The cases that passed, and those that did not."""
    (folder / "pytest.ini").touch()
    report = folder / "report.xml"
    names = [f"aiosmtpd.tests.{name}" for name in FILES]
    plugins = ("tests.torture.listener.aiosmtpd_suite", "no:asyncio", "no:cacheprovider")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-c", str(folder / "pytest.ini")),
            f"--rootdir={CASES.parent.parent}",  # their names begin there
            *(word for plugin in plugins for word in ("-p", plugin)),
            *("--tb=line", f"--junitxml={report}", "--pyargs", *names),
        ],
        env={**os.environ, **UNHURRIED},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert report.exists(), done.stdout + done.stderr
    passed: set[str] = set()
    failed: set[str] = set()
    for case in ElementTree.parse(report).iter("testcase"):
        path = f"{case.get('classname')}.{case.get('name')}"
        name = path.partition("aiosmtpd.tests.")[2]
        (failed if case.findall("failure") or case.findall("error") else passed).add(name)
    return passed - failed, failed


def covers(exception: str, case: str) -> bool:
    """Whether an exception names a case: by itself, or by its class or function."""
    return case == exception or case.startswith((f"{exception}.", f"{exception}["))


def test_every_case_passes_or_has_a_reason(tmp_path: Path, figure: Figure) -> None:
    passed, failed = run(tmp_path)

    excused = {case for case in passed | failed if any(covers(one, case) for one in EXCEPTIONS)}
    assert not failed - excused, "these have no reason"
    assert not passed & excused, "these pass, and need none"
    named = [one for one in EXCEPTIONS if not any(covers(one, case) for case in failed)]
    assert not named, "there are none of these"
    figure("aiosmtpd's own cases that pass; that have a reason not to", (len(passed), len(failed)))


def test_every_file_is_run_or_has_a_reason() -> None:
    assert {file.stem for file in CASES.glob("test_*.py")} == {*FILES, *OTHER_FILES}
