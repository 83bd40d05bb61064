import pytest

from mailflow.mail.authenticity import is_aligned, organisational


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("client.example", "client.example"),
        ("a.b.client.example", "client.example"),
        ("mail.client.co.uk", "client.co.uk"),
        ("co.uk", "co.uk"),
        ("a.github.io", "a.github.io"),
        ("localhost", "localhost"),
        ("", ""),
    ],
)
def test_who_registered_a_domain(domain: str, expected: str) -> None:
    assert organisational(domain) == expected


@pytest.mark.parametrize(
    ("identity", "domain", "relaxed", "strict"),
    [
        pytest.param("client.example", "client.example", True, True, id="same"),
        pytest.param("ann@client.example", "client.example", True, True, id="address"),
        pytest.param("Client.Example.", "client.example", True, True, id="case and dot"),
        pytest.param("mail.client.example", "client.example", True, False, id="below"),
        pytest.param("client.example", "mail.client.example", True, False, id="above"),
        pytest.param("a.client.example", "b.client.example", True, False, id="beside"),
        pytest.param("münchen.de", "xn--mnchen-3ya.de", True, True, id="A-label"),
        pytest.param("evilclient.example", "client.example", False, False, id="same end"),
        pytest.param("client.example.evil.example", "client.example", False, False, id="longer"),
        pytest.param("a.co.uk", "b.co.uk", False, False, id="public suffix"),
        pytest.param("co.uk", "b.co.uk", False, False, id="the public suffix itself"),
        pytest.param("", "client.example", False, False, id="nobody for somebody"),
        pytest.param("", "", False, False, id="nobody for nobody"),
    ],
)
def test_alignment(identity: str, domain: str, relaxed: bool, strict: bool) -> None:
    assert is_aligned(identity, domain) is relaxed
    assert is_aligned(identity, domain, strict=True) is strict
