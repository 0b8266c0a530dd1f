"""Experiments and what their runs consist of, over HTTP: made, launched, steered, looked at, their outputs fetched."""
