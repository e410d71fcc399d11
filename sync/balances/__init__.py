"""Accounts of the ledger whose balances follow from our own records, one file each."""
