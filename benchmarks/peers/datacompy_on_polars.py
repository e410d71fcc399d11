"""Compares two tables of a database with datacompy on polars: reads both, joins by reference, counts what differs.

Runs in an environment of its own: `python datacompy_on_polars.py postgresql://... peer_left peer_right`; prints JSON.
"""

import json
import resource
import sys
import time

import datacompy
import polars

address, left, right = sys.argv[1:]
started = time.perf_counter()
frames = [
    polars.read_database_uri(f"SELECT reference, currency, net, tax, gross FROM {table}", address, engine="connectorx")  # noqa: S608
    for table in (left, right)
]
compared = datacompy.PolarsCompare(*frames, join_columns="reference", df1_name="left", df2_name="right")
found = len(compared.df1_unq_rows) + len(compared.df2_unq_rows) + len(compared.all_mismatch())
print(
    json.dumps(
        {
            "seconds": time.perf_counter() - started,
            "found": found,
            "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
    )
)
