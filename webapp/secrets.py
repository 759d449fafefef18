"""Secrets at rest: sealed under a key derived from the secret key, one for each purpose.

What is sealed for one purpose cannot be opened for another. With another secret key nothing opens any more.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from webapp.errors import Conflict

TWO_FACTOR = "two-factor"


class SecretBox:
    """Seals and opens texts.

    Parameters
    ----------
    secret_key : str
        The installation's secret key.
    purpose : str
        What is sealed; part of the key.
    """

    def __init__(self, secret_key: str, purpose: str) -> None:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"assay {purpose}".encode())
        self._fernet = Fernet(base64.urlsafe_b64encode(derived.derive(secret_key.encode())))

    def seal(self, text: str) -> str:
        """Return the text encrypted and signed; the same text never looks the same twice."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Return the text.

        Raises
        ------
        Conflict
            If it was sealed under another key, or changed.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise Conflict(
                "What was stored encrypted cannot be opened: the secret key is not the one it was stored under. "
                "Start with the old key, or have it set up anew."
            ) from error
