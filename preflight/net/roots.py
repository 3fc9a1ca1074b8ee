"""Whether this machine has root certificates to compare a chain with."""

import ssl
from pathlib import Path


def has_roots() -> bool:
    """Whether there are some where OpenSSL looks for them, or where SSL_CERT_FILE and SSL_CERT_DIR say."""
    paths = ssl.get_default_verify_paths()
    folder = Path(paths.capath) if paths.capath else None
    return bool(paths.cafile) or (folder is not None and folder.is_dir() and any(folder.iterdir()))
