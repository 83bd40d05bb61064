"""What stands where: each path, what it shows, and what its button does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mailflow.appointments.pages import Page, booked, public, waiting
from mailflow.appointments.pages.offered import OFFER, SLOT
from mailflow.errors import Expired, MailflowError, SlotTaken

Show = Callable[..., Page]
Act = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Place:
    """A path, and the functions of `(unit, asked, …)` with what stands in it.

    `act` returns the URL to go on to; `instead` has what is shown in place of the page after an
    error that leaves a way to go on.
    """

    path: str
    show: Show
    act: Act | None = None
    instead: Mapping[type[MailflowError], Show] = field(default_factory=dict)


PLACES = (
    Place("/slot/{token}", SLOT.show, SLOT.pick, {SlotTaken: SLOT.taken, Expired: SLOT.expired}),
    Place(
        "/offer/{token}", OFFER.show, OFFER.pick, {SlotTaken: OFFER.taken, Expired: OFFER.expired}
    ),
    Place("/booking/view/{token}", booked.view),
    Place("/booking/{token}", booked.show),
    Place("/booking/{token}/move", booked.show_move, booked.move, {SlotTaken: booked.gone}),
    Place("/booking/{token}/cancel", booked.show_cancel, booked.cancel),
    Place("/confirm/{token}", waiting.show, waiting.confirm, {Expired: waiting.lapsed}),
    Place("/{handle}", public.host),
    Place("/{handle}/{slug}", public.show, public.book, {SlotTaken: public.gone}),
)
