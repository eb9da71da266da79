"""Sessions: their life, codes, participants and tickets."""
