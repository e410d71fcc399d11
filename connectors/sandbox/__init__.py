"""Servers that speak vendors' protocols over books of their own, for the demo, training and tests. Never in
production.
"""
