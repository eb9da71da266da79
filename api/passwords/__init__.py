"""What a password must be, who has the right one, and what follows from wrong ones."""
