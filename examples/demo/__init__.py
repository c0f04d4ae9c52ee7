"""The demonstration behind `make demo`: train two of the examples on every device found, and compare.

`__main__` is the course of events, `devices` finds out where to train, `runs` trains and records, `agreement`
compares what was recorded, `progress` and `plots` show it. Imports `unison`, the examples, and late, for the
extra `demo`, rich and matplotlib.
"""
