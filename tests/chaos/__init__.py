"""The product under attack: real relays that die with kill -9 while people type, scroll and write.

Three rounds are part of `make test`; `make chaos` runs two hundred, and the same with the api away.
"""
