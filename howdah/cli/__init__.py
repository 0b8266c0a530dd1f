"""The ``howdah`` command: what a person, a script or a gateway's administrator does from a terminal.

It is a thin layer over ``howdah.client`` (and ``howdah.local`` for the local stack): it shows, it asks, it decides
nothing. Results go to standard output (with ``--json`` for programs), messages to standard error.
"""
