"""Groups of devices: rules that several devices share."""
