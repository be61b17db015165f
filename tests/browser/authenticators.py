"""Virtual security keys of Chromium's DevTools, which the browser treats like keys that are plugged in."""

from typing import Any

from playwright.async_api import CDPSession, Page

KEY = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasResidentKey": False,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Authenticators:
    """The virtual keys of one page."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session

    @classmethod
    async def of(cls, page: Page) -> "Authenticators":
        """The virtual keys of this page; none is plugged in yet."""
        session = await page.context.new_cdp_session(page)
        await session.send("WebAuthn.enable")
        return cls(session)

    async def plug_in(self, credential: dict[str, Any] | None = None) -> str:
        """Plug in another key, with a credential if one is given; returns its id."""
        made = await self._session.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
        name = str(made["authenticatorId"])
        if credential is not None:
            fields = {"authenticatorId": name, "credential": credential}
            await self._session.send("WebAuthn.addCredential", fields)
        return name

    async def credential(self, authenticator: str) -> dict[str, Any]:
        """The only credential of the key, including its private key."""
        found = await self._session.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})
        [credential] = found["credentials"]
        return dict(credential)

    async def pull_out(self, authenticator: str) -> None:
        """Unplug the key."""
        await self._session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": authenticator})
