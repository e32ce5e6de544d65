"""Remove the key from what a service sent, and keep the addresses of videos that contain it."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Final

from segmind_ltx._config import Secret

PLACEHOLDER: Final = "api-key"
"""In an address; elsewhere it says [api key], which no address could have."""
KEPT: Final = 1024
"""How many addresses are kept: each is downloaded soon, or comes again with the next read of its job."""
_ADDRESS: Final = re.compile(rb"https?://[^\s\"'\\<>]+", re.IGNORECASE)


class HiddenAddresses:
    """Addresses in responses that contain the key: everybody sees them without it, and only the download has it."""

    def __init__(self, key: Secret) -> None:
        self._key = key
        self._real: OrderedDict[str, Secret] = OrderedDict()

    def hide(self, body: bytes) -> bytes:
        """Return a body without the key."""
        return _ADDRESS.sub(self._hide_address, body).replace(self._key.reveal().encode(), b"[api key]")

    def real(self, address: str) -> str:
        """Return an address as the service sent it. Do not keep it, nor show it."""
        known = self._real.get(address)
        return address if known is None else known.reveal()

    def _hide_address(self, found: re.Match[bytes]) -> bytes:
        secret = self._key.reveal().encode()
        if secret not in found[0]:
            return found[0]
        shown = found[0].replace(secret, PLACEHOLDER.encode())
        self._real[shown.decode("utf-8", "replace")] = Secret(found[0].decode("utf-8", "replace"))
        if len(self._real) > KEPT:
            self._real.popitem(last=False)
        return shown
