"""Salesforce: accounts and won opportunities in, billing status out."""
