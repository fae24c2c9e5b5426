"""The tooling of Part Lens: cluster, migrations, sample fleet, services.

Each module that is a command runs as `python -m deploy.<module>`.
"""
