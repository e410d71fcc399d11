"""Compares two tables of a database with reladiff, inside the database: an outer join, whose differing rows come out.

It joins by numbers or by words of letters and digits of one length, which our references are not: it is given a number
for each, made beforehand. Runs in an environment of its own: `python reladiff_in_postgres.py postgresql://... peer_left
peer_right`; prints JSON.
"""

import json
import resource
import sys
import time

from reladiff import Algorithm, connect_to_table, diff_tables

address, left, right = sys.argv[1:]
started = time.perf_counter()
tables = [
    connect_to_table(address, name, "number", extra_columns=("currency", "net", "tax", "gross"))
    for name in (left, right)
]
found = {row[0] for _, row in diff_tables(*tables, algorithm=Algorithm.JOINDIFF)}
print(
    json.dumps(
        {
            "seconds": time.perf_counter() - started,
            "found": len(found),
            "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
    )
)
