"""Why a backup cannot be made, read or put back."""

from api.main import CannotStart


class BackupFailed(CannotStart):
    """One sentence that says what to do. Nothing is left half done."""
