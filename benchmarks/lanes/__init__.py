"""Whether slow never blocks fast: the whole platform under tasks that stall, hang, fail and wait."""
