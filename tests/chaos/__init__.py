"""Proof by disturbance: faults, crashes and kills, and checkers that believe nobody's own counters."""
