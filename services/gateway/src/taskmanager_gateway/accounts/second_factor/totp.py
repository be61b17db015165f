"""One-time codes of a device (TOTP, RFC 6238), their secret, and recovery codes. Pure but for randomness.

pyotp makes the codes and the address for the device, segno the picture of it; each does nothing else.
"""

import hmac
from datetime import datetime

import pyotp
import segno

from taskmanager.accounts.passwords import one_time_password

ISSUER = "Goobi TaskManager"
PERIOD = 30
"""Seconds for which a code is shown, and what a time step is."""
SKEW = 1
"""Time steps by which the clock of a device may differ."""
DIGITS = 6
RECOVERY_CODES = 8


def new_secret() -> str:
    """160 random bits in base 32, as RFC 4226 recommends."""
    return pyotp.random_base32()


def address(secret: str, name: str) -> str:
    """What a device reads: an `otpauth` address."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def picture(secret: str, name: str, title: str) -> str:
    """The same as a QR code: an SVG element, black on white in every colour scheme."""
    code = segno.make(address(secret, name), micro=False)
    return code.svg_inline(scale=5, light="#fff", title=title)


def step_at(moment: datetime) -> int:
    """The time step of a moment."""
    return int(moment.timestamp()) // PERIOD


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step whose code it is, if a device may show it now; None: it is wrong."""
    device, digits = pyotp.TOTP(secret), "".join(code.split())
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    steps = range(step_at(now) - SKEW, step_at(now) + SKEW + 1)
    matching = [step for step in steps if hmac.compare_digest(device.generate_otp(step), digits)]
    return max(matching, default=None)


def new_recovery_codes() -> list[str]:
    """Each of 125 random bits, so that a plain hash is enough to keep."""
    return [one_time_password() for _ in range(RECOVERY_CODES)]


def recovery_text(code: str) -> str:
    """A recovery code as it was shown, however it was typed."""
    return "".join(code.split()).lower()
