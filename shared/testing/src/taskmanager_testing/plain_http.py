"""HTTP without TLS: how tests and the local stack avoid reading the certificates of the machine."""

import ssl

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""`verify` for addresses that begin with `http:`. It trusts no certificate; httpx would otherwise read all of
the machine's for each client, 20 ms of processor time, several times a second while a test waits.
"""
