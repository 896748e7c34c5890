"""Made-up talks with known truth, for the demo, tests and benchmarks.

Needs the extra `demo` (a speech synthesiser as a library). Does not belong
here: anything that a real video goes through.
"""
