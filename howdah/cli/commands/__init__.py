"""The commands, a module for each word that follows ``howdah``."""
