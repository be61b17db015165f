"""Import this before pymongo: it keeps pymongo from loading `cryptography`, 10 MB, for pyOpenSSL.

pymongo's async client uses Python's own TLS in any case; without pyOpenSSL the attempt fails anyway, but only
after `cryptography` has been loaded.
"""

import sys

sys.modules.setdefault("pymongo.pyopenssl_context", None)  # type: ignore[arg-type]  # Python's way to say that it cannot be imported
