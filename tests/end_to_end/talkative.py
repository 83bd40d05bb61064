"""mailflow, with every logger and handler open to whatever a library has to say."""

import logging
from itertools import count

from mailflow.cli import main


def open_up() -> None:
    """Whatever is logged, at any level, gets to every handler that is added from now on."""
    root = logging.getLogger()
    root.setLevel(1)
    add = root.addHandler

    def add_opened(handler: logging.Handler) -> None:
        handler.setLevel(1)
        add(handler)

    root.addHandler = add_opened  # type: ignore[assignment, method-assign]
    # Its statements alone are more than the journal takes in a minute; the others shall be heard, too.
    numbers = count()
    logging.getLogger("peewee").addFilter(lambda record: next(numbers) % 20 == 0)


if __name__ == "__main__":
    open_up()
    main()
