"""The gateway: PostgREST's RPC protocol in front of a Part Lens database."""
