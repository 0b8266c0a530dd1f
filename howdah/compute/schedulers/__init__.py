"""Schedulers as pure text: commands to run, answers to parse. No I/O."""
