"""The web console's built files: served, never made here."""
