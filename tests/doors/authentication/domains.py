"""Domains with their records in a table, and mails that they sign."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field

import dkim
from nacl.signing import SigningKey

from mailflow.doors.authentication.resolver import Kind

ED25519 = SigningKey(bytes(32))

# Made for these tests alone.
RSA = b"""-----BEGIN RSA PRIVATE KEY-----
MIIEowIBAAKCAQEA0QV3/sSdBRscIszaiierntwOybKTGvNa8MLd+kz7vhQua5o3
AS4B/emZ1Q2ELle9HJWBJwbREK/vuz8fMQVK33Fx0em86w8VzUruDlueFBmpmqss
NIldJ5sib+bU58ZBpARvz8IHag0C3rIOoAqTHsO9UN0XH+as2jdxA0jSA3l28L8D
auVAJQHTro6/sy3nOvqZ2c77ynBHC7IgL+/QIkt40PpLRItvPZ2SRjuKKTdb7LKh
Br43YUJJHbNVKzis1REpmHT9PUQ9ImDIIghr8HnWgvbAmN26lMjqxnw0eAwvxfI4
dn23lcDM2VU8vH6Eo+iELSTjxRdbjm+FRPQtswIDAQABAoIBAAMqWolcr+YSZYgv
YwXhmOtEeOLcFfc8BT4NLXBrdwqHYraVdMzLRhNy1LYRyNUs1fvXVcfiBguDJpXG
3HGRG3Or06XyrL5Akbt0rYtBHvE9/EAP5JD9HZCKfGiGbeX+riLOQGU8koEsJkV6
G9eXoWe/XiAZ4Q5GH4sEeO0sTqXny3fQaHOkTSFOP5bt42v/TMnRILyjF4tMsq4B
dmBV1ZYAk3bLiJCiVaw0njpNA2cFExekrL0/2UNAqq/xmwWG21eZArFJrWvYcc1G
zMmMatpJnlFgBjuv9LYKIW9Bsx/uwnMnYXUt9nIVj+PI3tQvkVNCjYsC6aZ6niVX
Cz5z4zUCgYEA/sgNHW3KTI48O7DMupage74rVLpiqUvu5Wn6KmDo2hhG8CyaUoML
MgKj/9b01u3LtADZ/eRqFVE7VJN4g2+bc8MIyXtwhG+eU5ceMUiUIdkP+Rh8jfrH
AshlKvVpINSwX6h7iLHchdvrlMsz5kp6yIsTxy9cssah7wFCsrvfRn8CgYEA0gVj
zfzpOp9Qpb6y1xmHaejn444fBixrdlfIoJ0QAlVK9WUNeADZiMt44UEsNZwF3zEp
ZqsC4WyDz6B3L1Q2uk6vcTBlZr3y3iNJR3HXO5ghW60xsLFik7BQzDoE68DLA1Zh
w98Wpq/mgd0vPKMthG13B6WUbw4foOxN0P0eRs0CgYBUhi3Dq57HkxBshRUGed43
7zkU3NjKbYSN24DA+nGFmTQ/jayM3yihqLqbr8Z+X1mLGBU548NF2zMhteLvR+F8
oCGUJj2H0jfmZ2X+16M9L3PbIcKAn8fSJoVZoR0FZUo2EgEZslgEmJcpP9ix99eQ
HIOtOws3zCoAzpxAC4/hJQKBgQCEupdKtU2ImOrU9OH9gsrLqj/y1fzRX/1CO1Q1
/U0CzHilAYozjwXrp/vrD88qykIDvgQWOHmHkZbz/suUA7ran6PM+vL6rYzxyocj
OdT2eryKPbirnE9aWxGVIA3AGIW0xEDhEvozufMJm4mg3teDW9Lf6EsYrGpcvzqm
m3Eo+QKBgH5JxIkg67VkoQm54/kfsN7HUzWzwSIlepWbnPwu88HvShJeJdKLD3Ds
pChxVHIZI4mrAIXMKXJ0ONfnh/YPlBT1HEDCLqmMqOkHxx2Hd6y7jbnd9vdzGaN1
/fIfW7ScId0ldgOZx4TSKmj+ok4bYIHv6qT8VfxmE/B++NPPVp1T
-----END RSA PRIVATE KEY-----
"""

SHORT_RSA = b"""-----BEGIN RSA PRIVATE KEY-----
MIIBywIBAAJhAM8kjFpxBJ8aUuGl2q3DI3/vj6aSYSRTYewp13gT6fQOByRaPwzX
LpMlyUIdouOoo/Bqy/KbbF63Ha/A9Wjnvn6iYk/Z2KPeVNvgzJhgtGNGKgAbAokl
AgMIGT1SZYz7swIDAQABAmA7Uewful3oclFp7WVCfa+c463vtdu722UfjJv39zv4
eEvzTSThOH5OBXQtSu9q4tALtZKl0+jKlp5bHPSgNPgyA1En/Oy+tJUBe1n4Frui
YjO8KILJeZWaJY47+NHrSwECMQD4PVg7W/Alq5kdiM2Ydr/Yzze9EM2xub0YspTl
CDK3OABMbqNy3KV7LUEI60Lk9qsCMQDVnk51d5e99qmmJLxCO9jL3EoQhRq4Em2P
A/C5cm1ARbtK964QcIfpChbR4PG2rxkCMQDGsRM2L9h/zmG36g/lwOa9ut56TkDV
yD06z3Wt/GnbjM9wXf4lqcYqWYZ8hRH+AhECMBEaRo/TDlwQJo79u/DVl8rijS97
aKM6HnlnyFsglSyjKJac89uvFsKKoz8UcmW86QIxAMfEQwgUbhFMV1S6zEljEsMp
lmU6q7+tPjMbPOMx4lYLal8wEssB2vnp8b0vEjxKag==
-----END RSA PRIVATE KEY-----
"""

RSA_RECORD = (
    "v=DKIM1; k=rsa; p="
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0QV3/sSdBRscIszaiierntwOybKTGvNa8MLd+kz7vhQu"
    "a5o3AS4B/emZ1Q2ELle9HJWBJwbREK/vuz8fMQVK33Fx0em86w8VzUruDlueFBmpmqssNIldJ5sib+bU58ZBpARv"
    "z8IHag0C3rIOoAqTHsO9UN0XH+as2jdxA0jSA3l28L8DauVAJQHTro6/sy3nOvqZ2c77ynBHC7IgL+/QIkt40PpL"
    "RItvPZ2SRjuKKTdb7LKhBr43YUJJHbNVKzis1REpmHT9PUQ9ImDIIghr8HnWgvbAmN26lMjqxnw0eAwvxfI4dn23"
    "lcDM2VU8vH6Eo+iELSTjxRdbjm+FRPQtswIDAQAB"
)
SHORT_RSA_RECORD = (
    "v=DKIM1; k=rsa; p="
    "MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhAM8kjFpxBJ8aUuGl2q3DI3/vj6aSYSRTYewp13gT6fQOByRaPwzXLpMl"
    "yUIdouOoo/Bqy/KbbF63Ha/A9Wjnvn6iYk/Z2KPeVNvgzJhgtGNGKgAbAoklAgMIGT1SZYz7swIDAQAB"
)
ED25519_RECORD = f"v=DKIM1; k=ed25519; p={base64.b64encode(bytes(ED25519.verify_key)).decode()}"

Records = dict[tuple[str, Kind], Sequence[str]]


@dataclass
class Names:
    """Name servers that know `records`; what is asked of a domain in `dead` is never answered."""

    records: Records = field(default_factory=dict)
    dead: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)

    def __call__(self, name: str, kind: Kind) -> Sequence[str]:
        plain = name.rstrip(".").lower()
        self.asked.append(plain)
        if plain in self.dead:
            raise TimeoutError(plain)
        return self.records.get((plain, kind), ())


def text(sender: str = "ann@client.example", body: str = "Hello,\r\n\r\nA  line\t .\r\n") -> bytes:
    """A mail that nobody has signed."""
    fields = [
        f"From: {sender}",
        "To: dana@flow.example",
        "Subject: A question",
        "Date: Mon, 23 Nov 2026 09:00:00 +0000",
        "Message-ID: <1@client.example>",
        "Content-Type: text/plain",
    ]
    return "\r\n".join([*fields, "", body]).encode()


def signed(
    raw: bytes,
    domain: str = "client.example",
    *,
    selector: str = "rsa",
    key: bytes = RSA,
    algorithm: bytes = b"rsa-sha256",
    forms: tuple[bytes, bytes] = (b"relaxed", b"relaxed"),
    length: bool = False,
    tags: dict[bytes, bytes] | None = None,
) -> bytes:
    """`raw` with a signature of `domain` on top; `tags` stand in it in place of its own."""
    signer = _Signer(raw, signature_algorithm=algorithm)
    signer.tags = tags or {}
    field = signer.sign(
        selector.encode(),
        domain.encode(),
        key,
        canonicalize=forms,
        length=length,
    )
    return bytes(field) + raw


def signed_with_ed25519(raw: bytes, domain: str = "client.example") -> bytes:
    """`raw` with an Ed25519 signature of `domain` on top (RFC 8463)."""
    key = base64.b64encode(bytes(ED25519))
    return signed(raw, domain, selector="ed", key=key, algorithm=b"ed25519-sha256")


def keys(*domains: str) -> Records:
    """The public keys of domains."""
    return {
        (f"{selector}._domainkey.{domain}", "TXT"): [record]
        for domain in domains
        for selector, record in (
            ("rsa", RSA_RECORD),
            ("short", SHORT_RSA_RECORD),
            ("ed", ED25519_RECORD),
        )
    }


class _Signer(dkim.DKIM):  # type: ignore[misc]  # dkimpy has no types
    tags: dict[bytes, bytes]

    def gen_header(self, fields: list[tuple[bytes, bytes]], *others: object) -> bytes:
        named = {**dict(fields[:-1]), **self.tags}
        return bytes(super().gen_header([*named.items(), fields[-1]], *others))
