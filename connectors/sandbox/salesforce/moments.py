"""Date words of SOQL (TODAY, LAST_N_DAYS:7 ...): the first and last day each stands for, in UTC."""

from datetime import date, timedelta

DAY = timedelta(days=1)


def days_of(word: str, today: date) -> tuple[date, date]:
    """First and last day, both included."""
    if word in ("TODAY", "YESTERDAY", "TOMORROW"):
        day = today + DAY * ("YESTERDAY", "TODAY", "TOMORROW").index(word) - DAY
        return day, day
    if ":" in word:
        # A number of days beyond the calendar means "since ever" or "for ever".
        count = min(int(word.partition(":")[2]), 700_000)
        first = date.fromordinal(max(1, today.toordinal() - count))
        last = date.fromordinal(min(date.max.toordinal(), today.toordinal() + count))
        return (first, today) if word.startswith("LAST") else (today + DAY, last)
    which, _, unit = word.partition("_")
    move = ("LAST", "THIS", "NEXT").index(which) - 1
    if unit == "YEAR":
        return date(today.year + move, 1, 1), date(today.year + move, 12, 31)
    month = today.year * 12 + today.month - 1 + move
    first_of_next = date((month + 1) // 12, (month + 1) % 12 + 1, 1)
    return date(month // 12, month % 12 + 1, 1), first_of_next - DAY
