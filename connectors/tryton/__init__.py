"""Tryton, a free ERP, over its JSON-RPC."""
