"""Second factors: authenticator apps, codes by mail and SMS, recovery codes; and the second step of a sign-in."""
