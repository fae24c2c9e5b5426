"""Collects evidence of a live installation: one claim a file, each judged."""
