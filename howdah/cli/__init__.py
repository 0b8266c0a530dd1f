"""The ``howdah`` command: a thin face over the client and the local stack."""
