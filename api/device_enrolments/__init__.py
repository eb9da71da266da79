"""Enrolment tokens: by them machines become devices of an organisation."""
