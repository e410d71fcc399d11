"""Three ways to work a page: with a mouse, with the keyboard alone, and with a thumb on a narrow phone.

A job is written once and done in each of them; what one way cannot do fails there, and says where.
"""

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Windows
from tests.browser.pages import opened, sideways

#: most stops of the Tab key between two things somebody uses on one page
FAR = 160
#: whether the focus is there, can be seen, and lies under nothing (WCAG 2.2, 2.4.7 and 2.4.11)
FOCUS = """async (one) => {
  const at = document.activeElement, style = getComputedStyle(at);
  const over = () => {
    const box = at.getBoundingClientRect();
    if (!box.width || box.top < 0 || box.bottom > innerHeight) return "";
    const found = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    return at.contains(found) ? "" : found ? found.outerHTML.slice(0, 160) : "what lies outside the window";
  };
  // a table scrolls to the focus some pictures later
  for (let picture = 0; picture < 60 && over(); picture++) await new Promise(requestAnimationFrame);
  return {
    arrived: at === one,
    name: (at.getAttribute("aria-label") || at.textContent || at.tagName).trim().replace(/\\s+/g, " ").slice(0, 60),
    inside: at.closest("main") !== null,
    shown: (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none",
    covered: over(),
  };
}"""
#: WCAG 2.2, 2.5.8: in CSS pixels; a link within a sentence is let off
SMALLEST = 24
SIZE = """(one) => {
  const box = one.getBoundingClientRect();
  return [box.width, box.height, getComputedStyle(one).display === "inline"];
}"""


class Mouse:
    """A wide window and a mouse."""

    width = 1280

    def __init__(self, windows: Windows, role: str) -> None:
        self.page: Page = windows.of(role, width=self.width)

    def goes_to(self, path: str) -> None:
        """Open an address, as a bookmark or a link in a message does."""
        opened(self.page, path)
        self.looks()

    def looks(self) -> None:
        """Look at the page as it stands."""

    def presses(self, what: Locator) -> None:
        """Press a button, a link or what folds something out."""
        what.click()
        self.looks()

    def writes(self, what: Locator, text: str) -> None:
        """Write into an empty field."""
        what.fill(text)

    def dates(self, what: Locator, year: int, month: int, day: int) -> None:
        """Put a date into its field."""
        what.fill(f"{year:04}-{month:02}-{day:02}")


class Keyboard(Mouse):
    """The keyboard alone: Tab to what is used, and every stop on the way can be seen and lies under nothing."""

    def reaches(self, what: Locator, *, at_most: int = FAR) -> None:
        """Press Tab until this has the focus."""
        wanted = what.element_handle()
        way: list[str] = []
        for _ in range(at_most):
            self.page.keyboard.press("Tab")
            at = self.page.evaluate(FOCUS, wanted)
            way.append(at["name"])
            if at["inside"]:
                assert at["shown"], f"nobody sees that “{at['name']}” has the focus"
                assert not at["covered"], f"“{at['name']}” has the focus and lies under {at['covered']}"
            if at["arrived"]:
                return
        raise AssertionError(f"{at_most} stops did not reach {what}: {way}")

    def presses(self, what: Locator) -> None:
        self.reaches(what)
        self.page.keyboard.press("Enter")
        self.looks()

    def writes(self, what: Locator, text: str) -> None:
        self.reaches(what)
        self.page.keyboard.type(text)

    def dates(self, what: Locator, year: int, month: int, day: int) -> None:
        self.reaches(what)
        # the parts of a date field in the order of the browser's own language, which is that of the United States
        self.page.keyboard.type(f"{month:02}{day:02}{year:04}")
        # out of the field, whose parts are stops of their own
        expect(what).to_have_value(f"{year:04}-{month:02}-{day:02}")


class Thumb(Mouse):
    """A phone 320 pixels wide: nothing goes sideways, and what is pressed is large enough for a thumb."""

    width = 320

    def looks(self) -> None:
        wide = sideways(self.page)
        assert wide == "", f"{self.page.url} is {wide}"

    def presses(self, what: Locator) -> None:
        expect(what).to_be_visible()
        wide, high, in_text = what.evaluate(SIZE)
        assert in_text or (wide >= SMALLEST and high >= SMALLEST), f"{what} is {wide} by {high} pixels"
        super().presses(what)


HANDS = {"mouse": Mouse, "keyboard": Keyboard, "thumb": Thumb}
