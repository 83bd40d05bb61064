"""The vitals as Prometheus reads them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from mailflow.vitals import Vitals

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4


def text(vitals: Vitals, data_dir: Path) -> bytes:
    """All metrics, with those of the process."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    registry.register(_Collected(vitals, data_dir))
    return generate_latest(registry)


class _Collected(Collector):
    def __init__(self, vitals: Vitals, data_dir: Path) -> None:
        self._vitals = vitals
        self._data_dir = data_dir

    def collect(self) -> Iterator[Metric]:
        vitals = self._vitals
        number = _gauge("queue_size", "Mails and copies that wait, by queue.", "queue")
        age = _gauge("queue_oldest_seconds", "How long the oldest of a queue has waited.", "queue")
        for queue in vitals.queues:
            number.add_metric([queue.name], queue.number)
            age.add_metric([queue.name], queue.age(vitals.now).total_seconds())
        yield from (number, age)
        yield from (_calendars(vitals), _nodes(vitals))
        if vitals.last_sent:
            sent = _gauge("last_sent_timestamp_seconds", "When a copy was last sent.")
            sent.add_metric([], vitals.last_sent.timestamp())
            yield sent
        free = _gauge("disk_free_bytes", "Free space where the data lies.")
        free.add_metric([], shutil.disk_usage(self._data_dir).free)
        yield free


def _calendars(vitals: Vitals) -> Metric:
    age = _gauge(
        "calendar_age_seconds",
        "How old what is known of a host's calendar is; infinite where it was never read.",
        "host",
        "calendar",
    )
    for one in vitals.calendars:
        seconds = one.age.total_seconds() if one.age is not None else float("inf")
        age.add_metric([one.host, one.label], seconds)
    return age


def _nodes(vitals: Vitals) -> Metric:
    seen = _gauge(
        "node_seen_timestamp_seconds",
        "When a process that serves was last heard of; one that was told to end is left out.",
        "node",
        "machine",
        "roles",
    )
    for node in vitals.nodes:
        if node.ended is None:
            seen.add_metric([node.name, node.machine, ",".join(node.roles)], node.seen.timestamp())
    return seen


def _gauge(name: str, meaning: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"mailflow_{name}", meaning, labels=labels)
