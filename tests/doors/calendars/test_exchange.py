"""One request to a calendar's server: where it may lead, and what a server may not do to us."""

import asyncio
import ssl
import time
from urllib.parse import urlsplit

import pytest

from mailflow.appointments.itip import MAX_CALENDAR
from mailflow.doors.calendars.exchange import MOST_REDIRECTS, Answer, Server
from mailflow.errors import UnreadableCalendar
from tests.doors.calendars.servers import answer, feeding
from tests.doors.calendars.test_reachable import HOUSES, NOBODYS
from tests.doors.peers import Certificate


async def get(url: str, credentials: str = "") -> Answer:
    return await Server(url, credentials).ask("GET", url, {})


async def test_what_the_configuration_names_may_be_on_this_machine() -> None:
    async with feeding(answer(b"Hello", ETag='"1"')) as feed:
        found = await get(feed.url, "Basic secret")
        assert (found.status, found.body, found.headers["etag"]) == (200, b"Hello", '"1"')
        assert f"host: 127.0.0.1:{feed.port}\r\n" in feed.asked[0].lower()
        assert "authorization: Basic secret\r\n" in feed.asked[0]
        named = feed.url.replace("127.0.0.1", "localhost")
        assert (await get(named)).status == 200


async def test_odd_letters_of_an_address_and_of_a_header_go_over_the_wire() -> None:
    async with feeding(answer(b"Hello")) as feed:
        url = feed.url.replace("secret", "büro%20") + "?a=b&c"
        assert (await Server(url).ask("GET", url, {"if-none-match": '"\xe9"'})).status == 200
        assert feed.asked[0].startswith("GET /b%C3%BCro%20.ics?a=b&c HTTP/1.1\r\n")


async def test_an_answer_in_chunks() -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    async with feeding(chunked) as feed:
        assert (await get(feed.url)).body == b"abcde"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (answer(b"x" * (MAX_CALENDAR + 1)), "more than"),
        (answer(b"x", Content_Encoding="gzip"), "encoding"),
        (answer(b"x", Content_Length="5"), "reached"),
        (b"", "reached"),
        (b"SSH-2.0-OpenSSH\r\n", "reached"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000, "reached"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", "reached"),
    ],
    ids=["huge", "compressed", "cut off", "silent", "no HTTP", "a long head", "two lengths"],
)
async def test_what_is_no_answer(sent: bytes, said: str) -> None:
    async with feeding(sent) as feed:
        with pytest.raises(UnreadableCalendar, match=said):
            await get(feed.url)


async def test_a_server_that_is_not_there() -> None:
    async with feeding(b"") as feed:
        url = feed.url
    with pytest.raises(UnreadableCalendar, match="reached"):
        await get(url)


async def test_a_body_without_end_is_left_early() -> None:
    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
        except ConnectionError:
            writer.close()

    server = await asyncio.start_server(pour, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(UnreadableCalendar, match="more than"):
        await get(f"http://127.0.0.1:{port}/")
    server.close()


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/",
        "http://127.0.0.1:1/",
        "http://127.1/",
        "http://0177.0.0.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://localhost:1/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::1]/",
        "http://[::]/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "https://192.168.0.1/",
        "https://100.64.0.1/",
        "https://[fe80::1]/",
        "https://[64:ff9b::7f00:1]/",
        "http://1.1.1.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "ftp://127.0.0.1/",
        "//169.254.169.254/",
        "http://",
        "http://[",
        "http://user@127.0.0.1:1/",
        "http://127.0.0.1:99999/",
        "",
        "http://127.0.0.1/",
        "https://127.0.0.1/",
        "https://127.255.255.254/",
        "https://0/",
        "https://127.0.1/",
        "https://0x7f.1/",
        "https://0x7f.0x0.0x0.0x1/",
        "https://017700000001/",
        "https://localhost./",
        "https://LOCALHOST/",
        "https://127.0.0.1./",
        "https://①②⑦.0.0.1/",
        "https://127。0。0。1/",
        "https://user:secret@10.0.0.1/",
        "https://1.1.1.1@10.0.0.1/",
        "https://10.0.0.1#@1.1.1.1/",
        "https://10.0.0.1\\@1.1.1.1/",
        "https://172.16.0.1/",
        "https://172.31.255.255/",
        "https://198.18.0.1/",
        "https://192.0.0.192/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://0.0.0.0:8443/",
        "https://[::ffff:169.254.169.254]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://[::127.0.0.1]/",
        "https://[0:0:0:0:0:ffff:7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fc00::1]/",
        "https://[fd00:ec2::254]/",
        "https://[fec0::1]/",
        "https://[ff02::1]/",
        "https://[::1%25lo]/",
        "https://169.254.169.254.:443/latest/",
        "dict://127.0.0.1:11211/",
        "ldap://127.0.0.1/",
        "data:text/calendar,BEGIN:VCALENDAR",
        "javascript:alert(1)",
        "http:/127.0.0.1:1/",
        "http:///127.0.0.1/",
        "\t//10.0.0.1/",
    ],
)
async def test_no_redirect_leads_into_a_private_network(target: str) -> None:
    begun = time.monotonic()
    async with feeding(answer(status=302, Location=target)) as feed:
        with pytest.raises(UnreadableCalendar):
            await get(feed.url, "Basic secret")
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("address", [*HOUSES, *NOBODYS])
async def test_a_name_leads_nowhere_else_than_an_address(address: str) -> None:
    """Whoever owns a name says what it stands for, and something else the next time."""
    asked = []

    async def nameserver(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if host == "cal.test" else [address]

    async with feeding(answer(status=302, Location="https://rebound.test/")) as feed:
        url = f"http://cal.test:{feed.port}/"
        with pytest.raises(UnreadableCalendar, match="private network"):
            await Server(url, "Basic secret", look_up=nameserver).ask("GET", url, {})
        assert len(feed.asked) == 1
    assert asked == ["cal.test", "rebound.test"], "each once: what was looked at is connected to"


async def test_a_redirect_on_the_same_server_is_followed_three_times() -> None:
    elsewhere = answer(status=302, Location="/elsewhere")
    async with feeding(*[elsewhere] * MOST_REDIRECTS, answer(b"here")) as feed:
        assert (await get(feed.url, "Basic secret")).body == b"here"
        assert feed.asked[-1].startswith("GET /elsewhere ")
        assert "Basic secret" in feed.asked[-1]
    async with feeding(elsewhere) as feed:
        with pytest.raises(UnreadableCalendar, match="too often"):
            await get(feed.url)
        assert len(feed.asked) == 1 + MOST_REDIRECTS


async def test_a_change_is_not_redirected() -> None:
    async with feeding(answer(status=307, Location="/elsewhere")) as feed:
        found = await Server(feed.url).ask("DELETE", feed.url, {})
        assert (found.status, len(feed.asked)) == (307, 1)


async def test_credentials_go_to_the_named_server_alone() -> None:
    server = Server("https://cal.example.com/dana", "Basic secret")
    for url in (
        "http://cal.example.com/dana",
        "https://cal.example.com:8443/",
        "https://example.com",
    ):
        assert server._authorization(urlsplit(url)) == {}
    assert server._authorization(urlsplit("https://cal.example.com:443/x")) != {}


async def test_a_certificate_of_nobody_is_refused(certificate: Certificate) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0, ssl=certificate.server_context())
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    with pytest.raises(UnreadableCalendar, match="certificate"):
        await get(url)
    server.close()


async def test_a_certificate_is_checked_for_the_name(certificate: Certificate) -> None:
    async with feeding() as feed:
        feed.says(answer(b"in private"))
        server = await asyncio.start_server(
            feed.serve, "127.0.0.1", 0, ssl=certificate.server_context()
        )
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        trusting = ssl.create_default_context(cafile=str(certificate.path))
        assert (await Server(url, tls=trusting).ask("GET", url, {})).body == b"in private"
        other = url.replace("127.0.0.1", "localhost")
        with pytest.raises(UnreadableCalendar, match="certificate"):
            await Server(other, tls=trusting).ask("GET", other, {})
        server.close()
