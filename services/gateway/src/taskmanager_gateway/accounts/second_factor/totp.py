"""One-time codes from a device (TOTP, RFC 6238), their secret, and recovery codes. Pure but for randomness.

pyotp makes the codes and the URI for the device, segno the QR code; neither does anything else.
"""

import hmac
from datetime import datetime

import pyotp
import segno

from taskmanager.accounts.passwords import one_time_password
from taskmanager.model.access import User

ISSUER = "Goobi TaskManager"
PERIOD = 30
"""Seconds in a time step, for which a code is shown."""
SKEW = 1
"""Time steps by which a device's clock may be off."""
DIGITS = 6
RECOVERY_CODES = 8


def new_secret() -> str:
    """160 random bits in base 32, as RFC 4226 recommends."""
    return pyotp.random_base32()


def address(secret: str, name: str) -> str:
    """The `otpauth` URI that a device reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def picture(secret: str, name: str, title: str) -> str:
    """The same URI as a QR code: an SVG element, black on white in every colour scheme."""
    code = segno.make(address(secret, name), micro=False)
    return code.svg_inline(scale=5, light="#fff", title=title)


def step_at(moment: datetime) -> int:
    """The time step of a moment."""
    return int(moment.timestamp()) // PERIOD


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step the code belongs to, if a device may show it now; None if it is wrong."""
    device, digits = pyotp.TOTP(secret), "".join(code.split())
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    steps = range(step_at(now) - SKEW, step_at(now) + SKEW + 1)
    matching = [step for step in steps if hmac.compare_digest(device.generate_otp(step), digits)]
    return max(matching, default=None)


def recovery_codes_for(user: User) -> list[str]:
    """Recovery codes that come with a first second factor; none for a user who already has one, and codes.

    They have 125 random bits each, so that a plain hash is enough to store.
    """
    return [] if user.second_factor is not None else [one_time_password() for _ in range(RECOVERY_CODES)]


def recovery_text(code: str) -> str:
    """A recovery code as it was shown, regardless of spaces and case."""
    return "".join(code.split()).lower()
