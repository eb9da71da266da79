"""The keyring: what opens everything that is sealed, kept apart from the database and its backup (docs/keys.md).

from api.keyring import Keyring
context.sealer                           the server's own small secrets
context.keyring.organization(id)         what belongs to an organisation
context.keyring.customer(session)        what is about the customer of a session (a session or a customer row)
"""

from api.keyring.service import Keyring

__all__ = ["Keyring"]
