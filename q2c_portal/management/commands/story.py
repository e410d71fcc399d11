"""manage.py story: plays the people's part through the real API with the demo users, and checks every figure."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from q2c_portal.local import company, days, people, pipeline
from q2c_portal.local.desk import Person
from reconciliation import tie_out
from reconciliation.controls import runner
from reconciliation.controls.registry import CONTROLS
from sync.models import Delivery
from sync.money_text import plain

UNMAPPED, MEANT = "GTXPro", "GTX Pro"
BAD_COUNTRY, COUNTRY = "Philipines", "PH"


def worth(deals: list[pipeline.Deal]) -> Decimal:
    """What these deals come to, in USD."""
    return sum((deal.value for deal in deals), Decimal(0))


def as_money(deals: list[pipeline.Deal]) -> dict[str, str]:
    """The same as the API says it: by currency, none where there is nothing."""
    return {"USD": plain(worth(deals), "USD")} if deals else {}


class Command(BaseCommand):
    help = "Play the people's part of the story and check every figure of it. Needs make run first."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The story exists only under make run (Q2C_DEMO=1).")
        self.failures: list[str] = []
        kept = json.loads((settings.STATE_DIR / "story.json").read_text())
        self.rows = pipeline.read(
            today=date.fromisoformat(kept["today"]), shift_weeks=kept["shift_weeks"], most_won=kept.get("most_won")
        )
        self.expect()
        passwords = people.logins()
        self.people = {name: Person(settings.PORTAL_URL, name, passwords[name]) for name in passwords}
        self.world = days.World.meet()
        chapter = json.loads(self._chapter_file().read_text())["chapter"] if self._chapter_file().exists() else 0
        with days.moving_time():
            self.play(chapter)
        self.stdout.write(self.style.SUCCESS("Every figure is right."))

    def play(self, chapter: int) -> None:
        """The parts not played yet, each checked before the next."""
        for number, part in enumerate((self.before, self.product, self.country, self.books_edited), start=1):
            if number <= chapter:
                self.stdout.write(f"Part {number} was played before.")
                continue
            part()
            if self.failures:
                raise CommandError(f"{len(self.failures)} figures are wrong:\n  " + "\n  ".join(self.failures))
            self._chapter_file().write_text(json.dumps({"chapter": number}))

    def _chapter_file(self) -> Any:
        return settings.STATE_DIR / "chapter.json"

    # -- figures ----------------------------------------------------------------------------------
    def expect(self) -> None:
        """What the figures must be, from the files themselves."""
        bad = {row.name for row in self.rows.accounts if row.country == BAD_COUNTRY}
        won = self.rows.won
        self.sold = sum(deal.value for deal in won)
        self.unmapped = [deal for deal in won if deal.product == UNMAPPED]
        self.waiting = [deal for deal in won if deal.account in bad]
        self.waiting_mapped = [deal for deal in self.waiting if deal.product != UNMAPPED]

    def same(self, what: str, found: Any, wanted: Any) -> None:
        right = found == wanted
        self.stdout.write(
            f"  {'right' if right else 'WRONG'}  {what}: {found}" + ("" if right else f", expected {wanted}")
        )
        if not right:
            self.failures.append(f"{what}: {found}, expected {wanted}")

    def legs(self, *, billed: Decimal, explained: Decimal) -> None:
        rows = self.people["finance.preparer"].get("tie-out")
        for leg, kind, left, right, between in (
            ("sold_to_billed", "contract", self.sold, billed, explained),
            ("billed_to_posted", "invoice", billed, billed, Decimal(0)),
        ):
            mine = [row for row in rows if row["leg"] == leg and row["kind"] == kind]
            sums = {
                name: sum((Decimal(row[name]) for row in mine), Decimal(0))
                for name in ("left", "right", "explained", "unexplained", "held", "in_flight")
            }
            title = leg.replace("_", " ")
            self.same(f"{title}, left", plain(sums["left"], "USD"), plain(left, "USD"))
            self.same(f"{title}, right", plain(sums["right"], "USD"), plain(right, "USD"))
            self.same(f"{title}, explained", plain(sums["explained"], "USD"), plain(between, "USD"))
            for name in ("unexplained", "held", "in_flight"):
                self.same(f"{title}, {name.replace('_', ' ')}", plain(sums[name], "USD"), "0.00")

    def controls(self, *, look_back: bool = False) -> dict[str, str]:
        return {
            name: self.people["finance.preparer"].post(
                f"controls/{name}/run", entity=company.ENTITY, look_back=look_back
            )["status"]
            for name, control in CONTROLS.items()
            if runner.is_connected(control, self.world.entity)
        }

    def let_time_pass(self) -> None:
        days.come_to_rest(self.world)
        while days.issue_drafts(self.world):
            days.come_to_rest(self.world)

    # -- the parts --------------------------------------------------------------------------------
    def before(self) -> None:
        self.stdout.write("Before any fix")
        self.controls()
        problems = {one["code"]: one for one in self.people["billing.ops"].get("problems")}
        product, country = problems.get("PRODUCT_UNMAPPED", {}), problems.get("COUNTRY_UNKNOWN", {})
        self.same("open problems", sorted(problems), ["COUNTRY_UNKNOWN", "PRODUCT_UNMAPPED"])
        self.same("product problem, cases", product.get("count"), len(self.unmapped))
        self.same("product problem, money", product.get("money"), as_money(self.unmapped))
        self.same("product problem, owner", product.get("owner"), "Billing operations")
        self.same("country problem, cases", country.get("count"), 1)
        self.same("country problem, owner", country.get("owner"), "Sales operations")
        self.same("deals waiting for the customer alone", country.get("waiting_count"), len(self.waiting_mapped))
        self.same("their money", country.get("waiting_money"), as_money(self.waiting_mapped))
        explained = worth(self.unmapped) + worth(self.waiting_mapped)
        self.legs(billed=self.sold - explained, explained=explained)

    def product(self) -> None:
        self.stdout.write("Billing operations maps the product, finance approves")
        where = self._where("PRODUCT_UNMAPPED")
        asked = self.people["billing.ops"].ask_for(
            where, "map_product", because="The same product, written without a space."
        )
        preview = asked["preview"]
        self.same("suggested product", asked["change"]["product_name"], MEANT)
        self.same("preview, deals released", preview["count"], len(self.unmapped))
        self.same("preview, money", preview["totals"], as_money(self.unmapped))
        self.same(
            "preview, valid from",
            asked["change"]["valid_from"],
            min(d.closes_on for d in self.unmapped if d.closes_on).isoformat(),
        )
        refused = self.people["billing.ops"].send(f"approvals/{asked['number'].removeprefix('APR-')}/approve")
        self.same("the asker cannot approve", refused.status_code, 403)
        run = self.people["finance.approver"].approve(asked["number"], because="Checked against the price book.")
        ended = self.people["finance.approver"].watch(run)
        self.same("released deals", ended["counts"], {"succeeded": len(self.unmapped)})
        self.let_time_pass()
        self.controls()
        waiting = worth(self.waiting)
        self.legs(billed=self.sold - waiting, explained=waiting)

    def country(self) -> None:
        self.stdout.write("Sales operations says which country it is, a second person approves")
        where = self._where("COUNTRY_UNKNOWN")
        asked = self.people["sales.ops"].ask_for(where, "map_country", because="A spelling error.")
        self.same("suggested country", asked["change"]["country"], COUNTRY)
        self.same("preview, deals that follow", asked["preview"]["count"], len(self.waiting))
        self.same("preview, money", asked["preview"]["totals"], as_money(self.waiting))
        run = self.people["finance.approver"].approve(asked["number"])
        self.same("the customer went through", self.people["finance.approver"].watch(run)["counts"], {"succeeded": 1})
        self.let_time_pass()
        self.controls()
        self.legs(billed=self.sold, explained=Decimal(0))
        self.same("open problems", self.people["billing.ops"].get("problems"), [])

    def books_edited(self) -> None:
        if self.world.netsuite is None:
            self.stdout.write("Nobody edits the books: what is posted in Tryton never changes.")
            return
        self.stdout.write("Somebody deletes one unpaid invoice in the ERP and changes another")
        unpaid = sorted(
            (
                row
                for row in self.world.netsuite.books("invoice")
                if Decimal(str(row.get("amountRemaining", "0"))) == Decimal(str(row["total"]))
                and Decimal(str(row["total"])) > 0
            ),
            key=lambda row: row["id"],
        )
        gone, changed = unpaid[0], unpaid[1]
        wrong = Decimal(str(changed["total"])) + Decimal("100.00")
        self.world.netsuite.remove("invoice", gone["id"])
        self.world.netsuite.edit("invoice", changed["id"], total=str(wrong))
        self.controls(look_back=True)
        preparer, approver = self.people["finance.preparer"], self.people["finance.approver"]
        problems = preparer.get("problems")
        self.same(
            "breaks found",
            {one["code"]: one["count"] for one in problems},
            {"MISSING_IN_TARGET": 1, "AMOUNT_MISMATCH": 1},
        )
        cases = {one["code"]: one for one in preparer.get("cases", status="open")["results"]}
        missing, differs = cases.get("MISSING_IN_TARGET", {}), cases.get("AMOUNT_MISMATCH", {})
        self.same("the deleted invoice", missing.get("reference"), gone["externalId"])
        self.same("its ERP side", missing.get("evidence", {}).get("right"), {})
        self.same("the changed invoice", differs.get("reference"), changed["externalId"])
        self.same("both sides shown", differs.get("evidence", {}).get("right", {}).get("gross"), plain(wrong, "USD"))
        for case, fix in ((missing, "post_again"), (differs, "correct_in_erp")):
            where = f"cases/{case['number'].removeprefix('EXC-')}"
            asked = preparer.ask_for(where, fix, because="Found by the daily control.")
            self.same(
                f"{fix}: the asker cannot approve",
                preparer.send(f"approvals/{asked['number'].removeprefix('APR-')}/approve").status_code,
                403,
            )
            ended = approver.watch(approver.approve(asked["number"]))
            self.same(f"{fix}: posted and checked", ended["counts"], {"succeeded": 1})
            row = Delivery.objects.get(reference=case["reference"], role="erp")
            self.same(f"{fix}: round", row.round, 2)
            self.same(
                f"{fix}: calls of the second round",
                list(row.attempt_rows.filter(round=2).order_by("pk").values_list("verb", flat=True)),
                ["deliver", "find"],
            )
        statuses = self.controls(look_back=True)
        self.same("all controls are green", set(statuses.values()), {"tied"})
        self.legs(billed=self.sold, explained=Decimal(0))
        self.same("open problems", preparer.get("problems"), [])
        self.same("unexplained in every row", {str(row.unexplained.normalize() + 0) for row in tie_out.rows()}, {"0"})

    def _where(self, code: str) -> str:
        found = [one for one in self.people["billing.ops"].get("problems") if one["code"] == code]
        if not found:
            raise CommandError(f"There is no open problem {code}; has the story been played before?")
        return f"problems/{found[0]['number'].removeprefix('PRB-')}"
