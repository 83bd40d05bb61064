"""The drill: a running mailflow is backed up, and goes on from that in an empty folder."""

from pathlib import Path

from tests.end_to_end.test_the_main_job import DANA, JOE, offered, press, slot_links
from tests.end_to_end.world import World, eventually


def test_a_backup_of_a_running_mailflow_goes_on_elsewhere(world: World, tmp_path: Path) -> None:
    offer = offered(world)
    world.send("stranger@x.test", offer.address, "Me too", Subject="Hi")
    (held,) = eventually(lambda: world.read("held"))
    eventually(lambda: all(copy["state"] == "sent" for copy in world.read("queue")))
    world.boxes.close()
    world.reply(JOE, offer, "One more thing")  # this copy waits for the smarthost
    eventually(lambda: [copy for copy in world.read("queue") if copy["attempts"]])
    backup = tmp_path / "backup.db"
    world.command("backup", str(backup))
    record = world.command("export", "--format", "json")
    world.end()
    (tmp_path / "elsewhere").mkdir()
    other = World(tmp_path / "elsewhere")
    try:
        backup.rename(other.folder / "data" / "mailflow.db")
        Path(f"{backup}.secret").replace(other.folder / "data" / "secret")
        other.start()
        waited = other.boxes.wait("dana@coach.test", "relay")
        assert "One more thing" in waited.text
        assert other.command("export", "--format", "json") == record
        assert [one["message_id"] for one in other.read("held")] == [held["message_id"]]
        assert press(slot_links(other, offer)[0]).status_code == 303
        other.boxes.wait("joe@client.test", "booking")
        other.reply(DANA, waited, "Of course")
        assert "Of course" in other.boxes.wait("joe@client.test", "relay").text
        world.boxes.open()
    finally:
        other.close()
