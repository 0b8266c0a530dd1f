"""Signed URLs of a local store: whoever has one may read or write that one object, until it expires."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from api_server.objects.keys import is_key
from api_server.problems import ForbiddenError
from howdah.contracts.exchange import Access
from howdah.runtime.clock import Clock

PATH = "/objects/"


class UrlSigner:
    """Signs with HMAC-SHA256 over access, key and expiry.

    Args:
        key: 32 secret bytes, used for nothing else.
        base_url: where the holder of the URL reaches the API server.
        clock: tells when a URL ends.
    """

    def __init__(self, key: bytes, base_url: str, clock: Clock) -> None:
        self._key = key
        self._base_url = base_url
        self._clock = clock

    def sign(self, key: str, access: Access, seconds: int) -> tuple[str, datetime]:
        """Return the URL and the instant at which it ends."""
        ends = (self._clock.now() + timedelta(seconds=seconds)).replace(microsecond=0)
        expires = int(ends.timestamp())
        signature = self._signature(key, access, expires)
        query = f"expires={expires}&access={access.value}&signature={signature}"
        return f"{self._base_url}{PATH}{quote(key)}?{query}", ends

    def check(self, key: str, access: Access, expires: int, signature: str) -> None:
        """Refuse (403) what was not signed by us, was signed for something else, or has ended."""
        genuine = is_key(key) and hmac.compare_digest(
            self._signature(key, access, expires).encode(), signature.encode()
        )
        if not genuine:
            raise ForbiddenError("The signature does not belong to this URL.", slug="bad-signature")
        if datetime.fromtimestamp(expires, UTC) <= self._clock.now():
            raise ForbiddenError("The URL has expired; ask for a new one.", slug="url-expired")

    def _signature(self, key: str, access: Access, expires: int) -> str:
        said = f"{access.value}\n{expires}\n{key}".encode()
        return hmac.new(self._key, said, hashlib.sha256).hexdigest()
