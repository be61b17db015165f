"""HTTP without TLS: what clients in tests say so that they do not read the machine's certificates."""

import ssl

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""`verify` for addresses that begin with `http:`. It trusts no certificate; httpx would otherwise read all of
the machine's for each client, 20 ms of processor time, several times a second while a test waits.
"""
