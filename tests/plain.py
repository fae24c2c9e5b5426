"""HTTP without TLS, as the servers of tests speak it."""

from __future__ import annotations

import ssl

# Given to an httpx client, which else reads all certificates that there are: that takes
# ten times as long as the call that it is made for. It trusts nobody.
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
