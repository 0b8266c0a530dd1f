"""Launching as a gateway would: what was not accepted is tried again."""

import time
from collections.abc import Mapping

from howdah.client import Client, ClientError

_PATIENCE_SECONDS = 120.0


def launched(client: Client, request: Mapping[str, object]) -> str:
    """Return the id of the experiment that the API server accepted, however often it had to be asked."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return client.experiments.submit(request).id
        except ClientError:
            # Not accepted, as far as we know: a gateway would try again. Another id is another experiment.
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
