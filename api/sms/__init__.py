"""SMS, by a gateway that is asked over HTTP."""
