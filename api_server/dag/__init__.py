"""Pure decisions, no I/O: which tasks an experiment becomes, and what follows an event."""
