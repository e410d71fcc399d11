#!/usr/bin/env python3
"""Verifies an evidence pack offline: python3 verify.py PACK.zip [SHA-256 as the portal shows it].

Needs Python 3.9 or later and nothing else. Exit code 0: all is as it was written. 1: something was changed, and what.

Looked at: the seal over every byte of the file; size and hash of each file in it; each reading's lines against the hash
the control compared; each certificate against the hash people signed; each journal entry against its seal, and the
seals against each other.
"""

import csv
import hashlib
import io
import json
import sys
import zipfile

SEAL = b"sha256:"
_DIGITS = 64


def main(arguments):
    if len(arguments) not in (1, 2):
        print(__doc__)
        return 2
    found = problems(arguments[0], arguments[1] if len(arguments) == 2 else "")
    if found:
        print("NOT GOOD: this pack is not as the portal wrote it.")
        for line in found[:20]:
            print("  " + line)
        return 1
    with zipfile.ZipFile(arguments[0]) as pack:
        manifest = json.loads(pack.read("manifest.json"))
    print("GOOD: {} files, {} {} to {}.".format(len(manifest["files"]), manifest["company"], *manifest["days"]))
    return 0


def problems(path, expected=""):
    """What is wrong with a pack, in sentences; nothing where it is as it was written."""
    try:
        with open(path, "rb") as file:
            found = _of_the_seal(file, expected)
        # a broken seal says that something changed; the rest says what, as far as it can still be read
        return found + _of_the_contents(path)
    except Exception as error:  # noqa: BLE001 - whatever a changed byte leads to, it is found
        return [f"It cannot be read: {error!r}"]


def _of_the_seal(file, expected):
    """The file ends with the hash of all that comes before, as the comment of the archive."""
    digest, size = hashlib.sha256(), file.seek(0, 2)
    if size < _DIGITS + len(SEAL):
        return ["It is too short to be a pack."]
    file.seek(0)
    left = size - _DIGITS
    tail = b""
    while left:
        block = file.read(min(left, 1 << 20))
        if not block:
            return ["It ends before its end."]
        digest.update(block)
        tail = (tail + block)[-len(SEAL) :]
        left -= len(block)
    written = file.read()
    if tail != SEAL or written != digest.hexdigest().encode():
        return ["The seal over the whole file does not fit: at least one byte was changed."]
    if expected and expected.strip().lower() != digest.hexdigest():
        return ["The pack is whole, but it is not the one with the hash you gave: it was written anew."]
    return []


def _of_the_contents(path):
    found = []
    with zipfile.ZipFile(path) as pack:
        manifest = json.loads(pack.read("manifest.json"))
        names = {one["name"] for one in manifest["files"]}
        for name in sorted(set(pack.namelist()) - names - {"manifest.json"}):
            found.append(f"{name} is not in the manifest.")
        for one in manifest["files"]:
            try:
                digest, size = _of_file(pack, one["name"])
            except KeyError:
                found.append("{} is missing.".format(one["name"]))
                continue
            if (digest, size) != (one["sha256"], one["bytes"]):
                found.append("{} was changed.".format(one["name"]))
        found += _of_readings(pack)
        found += _of_certificates(pack)
        found += _of_the_journal(pack)
    return found


def _of_file(pack, name):
    digest, size = hashlib.sha256(), 0
    with pack.open(name) as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size


def _lines(pack, name):
    with pack.open(name) as file:
        for line in io.TextIOWrapper(file, encoding="utf-8", newline="\n"):
            yield json.loads(line)


def _of_readings(pack):
    found = []
    for row in _lines(pack, "readings.jsonl"):
        digest, count = hashlib.sha256(), 0
        with pack.open(row["file"]) as file:
            rows = csv.reader(io.TextIOWrapper(file, encoding="utf-8", newline=""))
            next(rows)
            for values in rows:
                digest.update("|".join(values).encode() + b"\n")
                count += 1
        if (digest.hexdigest(), count) != (row["sha256"], row["lines"]):
            found.append("{}: its lines are not the ones that were compared.".format(row["file"]))
    return found


def _of_certificates(pack):
    found = []
    for row in _lines(pack, "sign_offs.jsonl"):
        text = json.dumps(row["certificate"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        if hashlib.sha256(text.encode()).hexdigest() != row["certificate_sha256"]:
            found.append("Sign-off {}: the certificate is not the one that was signed.".format(row["id"]))
    return found


def _of_the_journal(pack):
    """Entries one after the other, each with the hash over its text and the hash before."""
    found, before, number = [], None, None
    for row in _lines(pack, "journal.jsonl"):
        if number is not None and row["number"] != number + 1:
            found.append("The journal jumps from {} to {}.".format(number, row["number"]))
        if before is not None and row["previous_sha256"] != before:
            found.append("Journal entry {} does not follow the one before.".format(row["number"]))
        whole = hashlib.sha256("{}\n{}".format(row["previous_sha256"], row["line"]).encode("ascii")).hexdigest()
        if whole != row["sha256"] or json.loads(row["line"])[0] != row["number"]:
            found.append("Journal entry {} was changed.".format(row["number"]))
        before, number = row["sha256"], row["number"]
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
