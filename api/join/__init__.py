"""The customer's way in: public, throttled."""
