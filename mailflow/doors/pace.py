"""How much a smarthost bears: many connections while it takes mail, one, after a rest, when it does not."""

CONNECTIONS = 8  # at a time: what most smarthosts let a sender have
LETTERS = 4  # taken, before there is one connection more
REST = 1.0  # seconds after the first trouble; doubled each time
LONGEST_REST = 60.0


class Pace:
    """The number of connections at a time: it grows with each few letters, and begins anew after trouble.

    So a smarthost that is away is asked by one letter at a time, the others keep their places in
    the queue, and it is not flooded when it comes back.
    """

    def __init__(self, *, rest: float = REST, longest_rest: float = LONGEST_REST) -> None:
        self._first_rest, self._longest_rest = rest, longest_rest
        self._rest = rest
        self._rests_until = 0.0
        self._letters = (CONNECTIONS - 1) * LETTERS

    def width(self, now: float) -> int:
        """How many letters may be under way at that instant of the event loop's clock."""
        return 0 if now < self._rests_until else 1 + self._letters // LETTERS

    def speed_up(self) -> None:
        """A letter was answered, whatever the answer."""
        self._rest = self._first_rest
        self._letters = min(self._letters + 1, (CONNECTIONS - 1) * LETTERS)

    def slow_down(self, now: float) -> None:
        """No letter would have been taken."""
        if now < self._rests_until:
            return  # another connection has just met with the same
        self._letters = 0
        self._rests_until = now + self._rest
        self._rest = min(self._rest * 2, self._longest_rest)
