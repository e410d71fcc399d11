"""The second factor: an authenticator of one's own, whose codes prove who decides on large sums (RFC 6238).

A code holds for its half minute and one on either side, and counts once. After five wrong ones in a row waiting
doubles.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
import segno
from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils.translation import gettext as _

from reconciliation.models import SecondFactor
from sync import clock, journal
from sync.models.fields import seal, unseal

#: what the portal is called in people's authenticators
ISSUER = "Q2C Portal"
STEP_SECONDS = 30
#: steps a person's clock may be off, either way
DRIFT = 1
#: how long a proof stands for further decisions
STANDS = timedelta(minutes=15)
#: wrong codes in a row that cost nothing, the first rest after them, and the longest
FREE_MISSES, FIRST_REST, LONGEST_REST = 5, timedelta(seconds=30), timedelta(hours=1)


class NotProven(PermissionError):
    """The code does not prove who this is; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What an authenticator is set up with: typed by hand, or seen as a picture."""

    secret: str
    #: an SVG element of our own making
    picture: str


def begin(user: AbstractUser) -> Setup:
    """A new secret, which counts once a code of it is given back. Raises NotProven where there is one that counts."""
    with transaction.atomic():
        row = _row(user)
        if row is not None and row.confirmed_at:
            raise NotProven(_("You have an authenticator already; take it away first."))
        secret = pyotp.random_base32()
        values = {"sealed_secret": seal({"totp": secret}), "begun_at": clock.now(), "misses": 0, "last_step": 0}
        SecondFactor.objects.update_or_create(user=user, defaults=values)
    return _shown(user, secret)


def under_way(user: AbstractUser) -> Setup | None:
    """The set-up that waits for its first code."""
    row = SecondFactor.objects.filter(user=user, confirmed_at=None).first()
    return _shown(user, unseal(row.sealed_secret)["totp"]) if row else None


def counts(user: AbstractUser) -> bool:
    """Whether this person has one."""
    return SecondFactor.objects.filter(user=user).exclude(confirmed_at=None).exists()


def confirm(user: AbstractUser, code: str) -> None:
    """The first code proves that the authenticator works; from now on it counts. Raises NotProven."""
    _take(user, code, confirmed=False)
    SecondFactor.objects.filter(user=user).update(confirmed_at=clock.now())
    _note("second factor set up", user, user, f"{user} set up an authenticator.")


def prove(user: AbstractUser, code: str) -> datetime:
    """When this person proved who they are: now. Raises NotProven."""
    return _take(user, code, confirmed=True)


def take_away(user: AbstractUser, *, by: AbstractUser, code: str = "") -> None:
    """It counts no more. One takes one's own away with a code of it; a user administrator takes another's away, where
    it is lost. Raises NotProven.
    """
    if user.pk == by.pk:
        prove(user, code)
    SecondFactor.objects.filter(user=user).delete()
    _note("second factor taken away", user, by, f"{by} took the authenticator of {user} away.")


def _row(user: AbstractUser) -> SecondFactor | None:
    return SecondFactor.objects.select_for_update(of=("self",)).filter(user=user).first()


def _take(user: AbstractUser, code: str, *, confirmed: bool) -> datetime:
    """Count a code, right or wrong; what is wrong is kept before it is said."""
    now = clock.now()
    with transaction.atomic():
        row = _row(user)
        if row is None or bool(row.confirmed_at) != confirmed:
            raise NotProven(_("You have no authenticator yet; set one up in your profile."))
        if (rest := _rest(row)) and row.missed_at and now < row.missed_at + rest:
            left = int((row.missed_at + rest - now).total_seconds()) + 1
            raise NotProven(_("Too many wrong codes. Try again in {seconds} seconds.").format(seconds=left))
        step = _step(unseal(row.sealed_secret)["totp"], code, at=now, after=row.last_step)
        if step is None:
            row.misses, row.missed_at = min(row.misses + 1, 100), now
        else:
            row.misses, row.last_step = 0, step
        row.save(update_fields=["misses", "missed_at", "last_step"])
    if step is None:
        raise NotProven(_("This is not the code of this moment. Take the next one your authenticator shows."))
    return now


def _step(secret: str, code: str, *, at: datetime, after: int) -> int | None:
    """The half minute a code belongs to, of those that hold now and were not used yet."""
    given, now = "".join(code.split()), int(at.timestamp()) // STEP_SECONDS
    codes = pyotp.TOTP(secret, interval=STEP_SECONDS)
    found = None
    for step in range(now - DRIFT, now + DRIFT + 1):
        is_same = hmac.compare_digest(codes.at(step * STEP_SECONDS).encode(), given.encode())
        found = step if is_same and step > after else found
    return found


def _rest(row: SecondFactor) -> timedelta:
    over = row.misses - FREE_MISSES
    return min(FIRST_REST * 2 ** min(over, 10), LONGEST_REST) if over >= 0 else timedelta()


def _shown(user: AbstractUser, secret: str) -> Setup:
    address = pyotp.TOTP(secret, interval=STEP_SECONDS).provisioning_uri(name=user.get_username(), issuer_name=ISSUER)
    picture = segno.make(address, micro=False).svg_inline(scale=5, border=4, light="white", dark="black")
    grouped = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return Setup(secret=grouped, picture=picture)


def _note(action: str, user: AbstractUser, by: AbstractUser, text: str) -> None:
    fact = journal.Fact(action=action, object_kind="user", object_key=user.get_username(), user=by, text=text)
    journal.note([fact])
