"""A worker of its own process for tests, with systems on paper; some objects kill it in the middle of its work.

python -m tests.sync.deadly DATABASE READ|WORK|CARRY|LOOK|LOOK DEADLY
"""

import os
import sys


def main(database: str, part: str) -> None:
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = database

    import django

    django.setup()
    from connectors import registry
    from sync import doubt, nudges, outbox, reading, work
    from tests import paper_erp
    from tests.small_company import customer

    nudges.muted = True
    registry.OURS |= paper_erp.PLACES
    real_translate, real_run = paper_erp.Paper.translate, work.run

    def translate(self, *, kind, record, version):  # type: ignore[no-untyped-def]
        if record["id"] == "deadly":
            os._exit(9)
        return real_translate(self, kind=kind, record=record, version=version)

    def run(flow, subject, lookups):  # type: ignore[no-untyped-def]
        if getattr(subject, "name", "") == "deadly":
            os._exit(9)
        return real_run(flow, subject, lookups)

    def deliver(self, parcel):  # type: ignore[no-untyped-def]
        if parcel.subject.name == "deadly":
            os._exit(9)
        return real_deliver(self, parcel)

    def find(self, *, kind, reference, known):  # type: ignore[no-untyped-def]
        if part == "LOOK DEADLY" and reference == customer(999).reference:
            os._exit(9)
        return []

    real_deliver = paper_erp.Paper.deliver
    paper_erp.Paper.translate, work.run = translate, run  # type: ignore[method-assign]
    paper_erp.Paper.deliver, paper_erp.Paper.find = deliver, find  # type: ignore[method-assign]
    says = paper_erp.books("crm").says
    says |= {str(number): [customer(number)] for number in range(1, 400)} | {"deadly": []}
    says |= {"deadly item": [customer(999, name="deadly")]}
    # each process is the same system: it gives no number twice
    paper_erp.books("erp").last_number = os.getpid() * 1000
    if part == "READ":
        while reading.read_due():
            pass
    elif part == "CARRY":
        while outbox.carry_due("deliver"):
            pass
    elif part.startswith("LOOK"):
        while doubt.clear_due():
            pass
    else:
        while work.work_due():
            pass


if __name__ == "__main__":
    main(*sys.argv[1:])
