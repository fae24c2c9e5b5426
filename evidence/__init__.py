"""The evidence of an installation, and what collects it."""
