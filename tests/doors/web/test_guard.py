"""What stands before the pages: headers, hosts, other sites, sizes, deadlines, and how the port closes."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import ASGIApp, Receive, Scope, Send

from mailflow.config import Endpoint
from mailflow.conversations.by_hand import begin
from mailflow.doors.calendars import Calendars
from mailflow.doors.web import Web
from mailflow.doors.web.connection import Connection
from mailflow.doors.web.limits import POSTS
from mailflow.doors.web.server import Port
from mailflow.nodes import be_seen
from mailflow.vitals import SUSPICIOUS
from tests.doors.web.conftest import Pages, links
from tests.flow import NODE, SETTINGS, START, Flow, to

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
    "cross-origin-opener-policy": "same-origin",
}


async def raw(pages: Pages, request: bytes) -> bytes:
    """What is answered to these bytes, until the connection is closed."""
    port = int(pages.origin.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


async def test_every_answer_has_the_headers(pages: Pages) -> None:
    mail = pages.offer()
    slot, offer = links(mail, "slot")[0], links(mail, "offer")[0]
    answers = [await pages.browser.post(slot)]
    own = links(to(pages.flow.sent(), "joe@client.test"), "booking")[0]
    paths = [slot, offer, own, f"{own}/move", f"{own}/cancel", f"{own}/invite.ics", "/dana"]
    paths += ["/dana/coaching", "/dana/coaching?start=2026-11-24T08:00Z", "/slot/x", "/", "/a/b/c"]
    paths += ["/assets/mailflow.css", "/assets/zone.js", "/assets/nothing", links(mail, "slot")[1]]
    for path in paths:
        answers += [await pages.browser.request(method, path) for method in ("GET", "HEAD")]
    old = links(pages.offer(client="ann@client.test"), "slot")[0]
    via = {"X-Forwarded-For": "192.0.2.1"}
    answers += [await pages.browser.post("/slot/x", headers=via) for _ in range(POSTS + 1)]
    answers += [
        await pages.browser.put(slot),
        await pages.browser.options(slot),
        await pages.browser.post("/dana"),
        await pages.browser.post("/dana/coaching?start=2026-11-24T08:00Z"),
        await pages.browser.post("/dana/coaching?start=2026-11-22T08:00Z", data={"name": "x"}),
        await pages.browser.get(slot, headers={"Host": "evil.example"}),
        await pages.browser.post(slot, headers={"Origin": "https://evil.example"}),
        await pages.browser.post(slot, content=b"x" * 20_000),
        await pages.browser.get(f"{pages.internal}/healthz"),
        await pages.browser.get(f"{pages.internal}/nothing"),
    ]
    pages.flow.wait(days=8)
    answers += [await pages.browser.get(old), await pages.browser.post(old)]
    statuses = {answer.status_code for answer in answers}
    assert statuses == {200, 303, 400, 403, 404, 405, 409, 410, 413, 422, 429}
    for answer in answers:
        check_headers(answer)


def check_headers(answer: httpx.Response) -> None:
    for name, value in HEADERS.items():
        assert answer.headers.get(name) == value, (answer.request.url, name)
    assert "server" not in answer.headers


async def test_what_is_no_http_gets_the_headers_as_well(pages: Pages) -> None:
    answer = await raw(pages, b"EHLO spam.example\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400")
    for name in HEADERS:
        assert name.encode() in answer.lower()


async def test_a_secure_site_says_so(tmp_path: Path) -> None:
    settings = SETTINGS + '\n[web]\nlisten = "127.0.0.1:0"\n'
    async with served(Flow(tmp_path, settings)) as browser:
        for host in ("flow.test", "flow.test:443", "FLOW.test", browser.base_url.netloc.decode()):
            answer = await browser.get("/dana", headers={"Host": host})
            assert answer.status_code == 200
            assert answer.headers["strict-transport-security"] == "max-age=31536000"
            assert "https://flow.test/dana/coaching" in answer.text
        for host in ("flow.test:8443", "flow.test.evil.example", "evil.example", "", "127.0.0.1"):
            assert (await browser.get("/dana", headers={"Host": host})).status_code == 400


async def test_without_a_public_url_there_are_no_pages(tmp_path: Path) -> None:
    settings = SETTINGS.replace('public_url = "https://flow.test"', "")
    async with served(Flow(tmp_path, settings + '\n[web]\nlisten = "127.0.0.1:0"\n')) as browser:
        for path in ("/", "/dana", "/dana/coaching", "/assets/zone.js"):
            assert (await browser.get(path)).status_code == 404


async def test_assets_may_be_kept_where_their_version_is_named(pages: Pages) -> None:
    plain = await pages.browser.get("/assets/mailflow.css")
    assert plain.headers["content-type"] == "text/css; charset=utf-8"
    assert plain.headers["cache-control"] == "no-store"
    page = (await pages.browser.get("/dana")).text
    (named,) = re.findall(r'href="(/assets/mailflow\.css\?v=\w+)"', page)
    kept = await pages.browser.get(named)
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    wrong = await pages.browser.get("/assets/mailflow.css?v=0")
    assert wrong.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 303, id="no browser"),
        pytest.param({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 303, id="our own form"),
        pytest.param({"Origin": "null"}, 303, id="our own form, on plain HTTP"),
        pytest.param({"Origin": "https://evil.example"}, 403, id="another site"),
        pytest.param({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403, id="no name given"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, 403, id="a neighbour"),
        pytest.param(
            {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, 403, id="both"
        ),
    ],
)
async def test_another_sites_form_books_nothing(
    pages: Pages, headers: dict[str, str], status: int
) -> None:
    slot = links(pages.offer(), "slot")[0]
    assert (await pages.browser.post(slot, headers=headers)).status_code == status
    assert len(pages.bookings()) == (status == 303)


async def test_our_origin_may_be_named(pages: Pages) -> None:
    slot = links(pages.offer(), "slot")[0]
    answer = await pages.browser.post(slot, headers={"Origin": pages.origin})
    assert answer.status_code == 303


async def test_too_much_is_refused_before_it_is_read(pages: Pages) -> None:
    head = f"POST /dana/coaching HTTP/1.1\r\nHost: {pages.origin[7:]}\r\n".encode()
    early = await raw(pages, head + b"Content-Length: 209715200\r\n\r\n")
    assert early.startswith(b"HTTP/1.1 413")
    part = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    chunks = await raw(pages, head + b"Transfer-Encoding: chunked\r\n\r\n" + part * 2)
    assert chunks.startswith(b"HTTP/1.1 413")
    long = await raw(pages, head + b"Cookie: " + b"x" * 70_000)
    assert long.startswith(b"HTTP/1.1 400")


async def test_too_many_fields(pages: Pages) -> None:
    slot = links(pages.offer(), "slot")[0]
    assert (await pages.browser.post(slot, content=b"a=1&" * 21)).status_code == 400
    assert (await pages.browser.get(f"{slot}?{'a=1&' * 21}")).status_code == 400
    assert (await pages.browser.post(slot, data={"a": "x" * 4097})).status_code == 422
    assert pages.bookings() == []
    odd = b"\xff=%ff&%00=%00&zone=%2e%2e/etc&zone=\xc3\x28&=&&;;&start=1"
    assert (await pages.browser.post(slot, content=odd)).status_code == 303


async def test_tokens_stand_in_no_log(pages: Pages, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        slot = links(pages.offer(), "slot")[0]
        await pages.browser.get(slot)
        await pages.browser.post(slot)
        await pages.browser.get(f"{slot}x")
    said = [one.getMessage() for one in caplog.records if not one.name.startswith("http")]
    assert not [one for one in said if slot.rpartition("/")[2] in one]


async def test_health(pages: Pages) -> None:
    for path in ("/healthz", "/healthz/live"):
        assert (await pages.browser.get(f"{pages.internal}{path}")).text == "ok\n"
    for path in ("/healthz", "/healthz/live", "/metrics"):
        assert (await pages.browser.get(path)).status_code == 404


async def test_a_queue_that_stands_still_is_unhealthy(pages: Pages) -> None:
    pages.flow.run(begin, "dana", ["ann@client.test"], "Hello", "How are you?")
    pages.flow.now += SUSPICIOUS + timedelta(seconds=30)
    pages.flow.run(be_seen, "here", ["worker"])
    answer = await pages.browser.get(f"{pages.internal}/healthz")
    assert answer.status_code == 503
    assert answer.text == "copies to be sent: 1, the oldest for 5 minutes\n"
    assert (await pages.browser.get(f"{pages.internal}/healthz/live")).status_code == 200


async def test_a_house_in_which_nobody_works_is_unhealthy(pages: Pages) -> None:
    """Seen from the process that serves the pages: another's silence is all that there is to see."""
    pages.flow.now += SUSPICIOUS
    assert (await pages.browser.get(f"{pages.internal}/healthz")).status_code == 200
    pages.flow.now += timedelta(seconds=1)
    answer = await pages.browser.get(f"{pages.internal}/healthz")
    assert answer.status_code == 503
    assert answer.text == "nobody works the queues: no process with the role worker was heard of\n"


async def test_metrics(pages: Pages) -> None:
    pages.flow.mail("Ann <ann@client.test>", "dana@flow.test")
    pages.flow.run(begin, "dana", ["ann@client.test"], "Hello", "How are you?")
    pages.flow.now += timedelta(seconds=90)
    answer = await pages.browser.get(f"{pages.internal}/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = {
        sample.name + "".join(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert found["mailflow_queue_sizecopies"] == 1
    assert found["mailflow_queue_oldest_secondscopies"] == 90
    assert found["mailflow_queue_oldest_secondstaken"] == 0
    assert found["mailflow_last_sent_timestamp_seconds"] == START.timestamp()
    seen = f"mailflow_node_seen_timestamp_secondshere{NODE}web,worker"
    assert found[seen] == START.timestamp()
    assert found["mailflow_disk_free_bytes"] > 0
    assert found["process_resident_memory_bytes"] > 0
    assert "client.test" not in answer.text


async def test_a_database_that_cannot_be_read(pages: Pages) -> None:
    database = pages.flow.config.mailflow.data_dir / "mailflow.db"
    pages.flow.run(lambda unit: unit.db._database.execute_sql("DROP TABLE delivery"))
    pages.flow.run(lambda unit: unit.db._database.execute_sql("DROP TABLE reserved"))
    assert database.exists()
    health = await pages.browser.get(f"{pages.internal}/healthz")
    assert health.status_code == 503
    check_headers(health)
    failed = await pages.browser.get("/dana/coaching")
    assert (failed.status_code, failed.headers["retry-after"]) == (503, "10")
    assert "Please try again in a moment" in failed.text
    assert "reserved" not in failed.text
    check_headers(failed)


async def test_who_dawdles_is_cut_off() -> None:
    class Hurried(Connection):
        patience = 0.2
        most = 1

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await receive()

    async with bare(app, Hurried) as port:
        for begin in (
            b"",
            b"GET / HT",
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx",
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(begin)
            assert await asyncio.wait_for(reader.read(), 2) == b""
            writer.close()


async def test_who_sits_there_longest_makes_room() -> None:
    class Crowded(Connection):
        most = 3

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with bare(app, Crowded) as port:
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(8)]
        for reader, _ in idle[:5]:
            assert await asyncio.wait_for(reader.read(), 2) == b""
        async with httpx.AsyncClient() as browser:
            assert (await browser.get(f"http://127.0.0.1:{port}/")).status_code == 204
        for reader, writer in idle[6:]:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"204" in await asyncio.wait_for(reader.readline(), 2)
        for _, writer in idle:
            writer.close()


async def test_who_waits_for_us_stays() -> None:
    class Crowded(Connection):
        most = 2

    asked, go = asyncio.Semaphore(0), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked.release()
        await go.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def connect(*, ask: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        if ask:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            await asked.acquire()
        return reader, writer

    async with bare(app, Crowded) as port:
        # Each silent one is sent away by the next who comes; the last, between two who wait for us, at once.
        asking = (True, False, False, True, False)
        clients = [await connect(ask=ask) for ask in asking]
        silent = [reader for (reader, _), ask in zip(clients, asking, strict=True) if not ask]
        assert [await asyncio.wait_for(reader.read(), 2) for reader in silent] == [b""] * 3
        go.set()
        for reader, _ in (clients[0], clients[3]):
            assert b" 204 " in await asyncio.wait_for(reader.read(), 2)
        for _, writer in clients:
            writer.close()


async def test_requests_ahead_of_answers_are_not_answered() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with bare(app, Connection) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 5)
        assert (await asyncio.wait_for(reader.read(), 2)).count(b" 204 ") == 1
        writer.close()


@pytest.mark.parametrize(("method", "goes_on"), [("GET", False), ("HEAD", False), ("POST", True)])
async def test_a_page_for_nobody_is_given_up(
    method: str, goes_on: bool, caplog: pytest.LogCaptureFixture
) -> None:
    began, go = asyncio.Event(), asyncio.Event()
    ends: asyncio.Queue[bool] = asyncio.Queue()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        began.set()
        try:
            await go.wait()
        finally:
            ends.put_nowait(go.is_set())

    async with bare(app, Connection) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"{method} / HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await began.wait()
        writer.transport.abort()
        asyncio.get_running_loop().call_later(0.3, go.set)
        assert await asyncio.wait_for(ends.get(), 2) is goes_on
        await asyncio.sleep(0)
    assert not caplog.records


async def test_the_port_closes_after_what_is_under_way() -> None:
    began, go = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        began.set()
        await go.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    port = Port(app, Endpoint("127.0.0.1", 0), {})
    port.open()
    url = "http://{}:{}/".format(*port.address)
    async with httpx.AsyncClient() as browser:
        answer = asyncio.create_task(browser.get(url))
        await began.wait()
        closing = asyncio.create_task(port.close())
        await asyncio.sleep(0.3)
        assert not closing.done()
        go.set()
        assert (await answer).status_code == 204
        await closing
        with pytest.raises(httpx.ConnectError):
            await browser.get(url)


@asynccontextmanager
async def served(flow: Flow) -> AsyncIterator[httpx.AsyncClient]:
    """The pages of a mailflow, at whatever port is free."""
    flow.store.start()
    web = Web(flow.store, Calendars(flow.store))
    host, port = await web.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}") as browser:
            yield browser
    finally:
        await web.stop()
        flow.close()


@asynccontextmanager
async def bare(app: ASGIApp, connection: type[Connection]) -> AsyncIterator[int]:
    """An application behind connections of ours, without more."""
    config = uvicorn.Config(app, http=connection, ws="none", lifespan="off", log_config=None)
    config.load()
    state = uvicorn.server.ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: connection(config, state, {}), "127.0.0.1", 0
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
