"""Three processes on one database, a server and its standby: processes are killed, and the standby takes over."""

import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from tests import postgresql
from tests.conftest import Count, Figure
from tests.end_to_end.world import PATIENCE, World, eventually
from tests.postgresql import PREPARED, Server
from tests.torture.books import Copy, Findings, copies, repeated
from tests.torture.load import BUSY, Load
from tests.torture.test_server_restarts import ServerBooks

NODES = 3

LATER = timedelta(minutes=20)
"""After which everything is due that waits for another try."""


class Cluster:
    """Processes of one configuration; whoever wants one gets any that runs."""

    def __init__(self, folder: Path, database: str, chance: Random) -> None:
        self.world = World(folder, BUSY, database)
        self._nodes = [self.world.twin() for _ in range(NODES)]
        self._chance = chance

    def start(self) -> None:
        for node in self._nodes:
            node.start()
        self._meet(self._nodes[0])

    def kill_one(self) -> World:
        """Kill one; those who wrote to it find another."""
        killed, *others = self._chance.sample(self._nodes, NODES)
        self._meet(others[0])
        killed.end(signal.SIGKILL)
        return killed

    def stop(self) -> None:
        for node in self._nodes:
            node.stop()

    def close(self) -> None:
        self.stop()
        self.world.close()

    def _meet(self, node: World) -> None:
        self.world.smtp, self.world.http = node.smtp, node.http


def test_killed_nodes_and_a_lost_server_lose_nothing(
    tmp_path: Path, count: Count, figure: Figure
) -> None:
    kills, chance = count(3, 120), Random(11)
    with postgresql.pair() as (primary, standby):
        both = f"{primary.endpoint},{standby.endpoint}"
        cluster = Cluster(tmp_path, f"postgresql://tester@{both}/{PREPARED}", chance)
        in_flight: set[Copy] = set()
        try:
            cluster.start()
            books, boxes = ServerBooks(primary.url(PREPARED)), cluster.world.boxes
            with Load(cluster.world) as load:
                eventually(lambda: load.booked)
                for number in range(kills):
                    node = cluster.kill_one()
                    in_flight |= set(books.in_flight())
                    if number == kills // 2:
                        books = lose(primary, standby)
                        in_flight |= set(books.in_flight())
                    time.sleep(chance.uniform(0.2, 1))
                    node.start()
            cluster.stop()
            in_flight |= set(books.in_flight())
            cluster.world.start(MAILFLOW_NOW=(datetime.now(UTC) + LATER).isoformat())
            eventually(books.is_quiet, PATIENCE + kills)
            assert books.audit(load.taken, load.booked, copies(boxes.mails)) == Findings()
            assert repeated(boxes.mails, in_flight) == []
            assert load.refusals == []
        finally:
            cluster.close()
    told = f"over {kills} kills of three nodes and a lost server"
    figure(f"lost of {len(load.taken)} mails answered 250, {told}", 0)
    figure(f"doubled or half made of {len(load.booked)} bookings, {told}", 0)
    again = len(boxes.mails) - len(set(copies(boxes.mails)))
    figure(f"copies sent again, all in flight, of {len(boxes.mails)}", again)


def lose(primary: Server, standby: Server) -> ServerBooks:
    """End the primary as by a crash, and have the standby take over."""
    primary.control("stop", "--mode=immediate")
    standby.control("promote")
    standby.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
    standby.execute("SELECT pg_reload_conf()")
    return ServerBooks(standby.url(PREPARED))
