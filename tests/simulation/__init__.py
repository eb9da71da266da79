"""A session in a world that is drawn by lot: the real host, viewers and relay rooms, several relays, a virtual clock and faults.

Nothing here is a model: what decides is the code that people run. Only sockets, clocks, screens and people are played.
One seed is one world, the same every time; `python -m tests.simulation 17` tells its story.
"""
