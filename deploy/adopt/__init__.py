"""Takes over a database of the older design: `python -m deploy.adopt`."""
