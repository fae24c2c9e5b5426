"""How fast it is, on durable storage: `python -m deploy.bench`, `make bench`.

Every figure is a median over rounds in which what is compared takes turns, because a
machine that other people use is never equally quick for long.
"""
