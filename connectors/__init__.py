"""Speaks with the outside: one package per system, and the shapes all of them share. No Django here."""
