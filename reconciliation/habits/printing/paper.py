"""A paper to be filed: A4 pages with the same head and foot, facts, tables that repeat their header, and words."""

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, TableHeadingsDisplay, VAlign, WrapMode, XPos, YPos
from fpdf.fonts import FontFace
from fpdf.table import Table

from reconciliation.habits.printing import letters

#: millimetres
_MARGIN, _FOOT = 15, 20
_INK, _SOFT, _LINE, _TINT = (23, 35, 45), (81, 96, 109), (176, 187, 197), (237, 241, 244)


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table: its title, its share of the width, and whether numbers stand in it."""

    title: str
    width: int
    is_number: bool = False


class Paper(FPDF):
    """One document; what is written on it is made printable here and nowhere else."""

    def __init__(self, *, title: str, head: str, foot: str, at: datetime) -> None:
        super().__init__(format="A4")
        self._head, self._foot = head, foot
        #: whether a letter had to be written by its number
        self.lacks_letters = False
        for style in letters.STYLES:
            self.add_font(letters.FAMILY, style, letters.path_of(style))
        self.set_title(self._said(title))
        self.set_creator("Q2C Portal")
        self.set_lang("en")
        # the paper's own time, so that printing it again gives the same bytes
        self.set_creation_date(at)
        self.set_margins(_MARGIN, _MARGIN)
        self.set_auto_page_break(True, margin=_FOOT)
        self.alias_nb_pages()
        self.add_page()

    def _said(self, text: str) -> str:
        self.lacks_letters = self.lacks_letters or letters.lacks(text)
        return letters.printable(text)

    def header(self) -> None:
        """The same line on every page: what paper this is."""
        self._pen(8, ink=_SOFT)
        self.cell(0, 5, self._said(self._head), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_draw_color(*_LINE)
        self.line(_MARGIN, self.get_y() + 0.5, self.w - _MARGIN, self.get_y() + 0.5)
        self.ln(4)

    def footer(self) -> None:
        """The hash on every page, and which page of how many it is."""
        self.set_y(-_FOOT + 6)
        self._pen(7, ink=_SOFT)
        self.cell(150, 5, self._said(self._foot))
        self.cell(0, 5, f"Page {self.page_no()} of {{nb}}", align=Align.R)

    def _pen(self, size: float, style: str = "", ink: tuple[int, int, int] = _INK) -> None:
        self.set_font(letters.FAMILY, style, size)
        self.set_text_color(*ink)

    def title_line(self, text: str) -> None:
        """What the paper is, large."""
        self._pen(17, "B")
        self._block(text, 8)
        self.ln(1)

    def heading(self, text: str) -> None:
        """The title of a part; it never stands alone at a page's end."""
        if self.will_page_break(32):
            self.add_page()
        self.ln(4)
        self._pen(11, "B")
        self._block(text, 6)
        self.ln(1)

    def words(self, text: str) -> None:
        """A paragraph."""
        self._pen(9)
        self._block(text, 4.6)
        self.ln(1)

    def banner(self, word: str, text: str, *, is_loud: bool) -> None:
        """How it stands, in big words in a frame; loud where nobody may overlook it."""
        self.ln(1)
        inner, size = self.epw - 8, 30 if is_loud else 15
        self._pen(9)
        tall = self.multi_cell(inner, 4.6, self._said(text), dry_run=True, output="HEIGHT") if text else 0
        assert isinstance(tall, int | float)
        high = size * 0.5 + tall + 6
        if self.will_page_break(high):
            self.add_page()
        top = self.get_y()
        self.set_draw_color(*_INK)
        self.set_line_width(1.2 if is_loud else 0.4)
        self.rect(_MARGIN, top, self.epw, high)
        self.set_line_width(0.2)
        self.set_xy(_MARGIN + 4, top + 2.5)
        self._pen(size, "B")
        self.cell(inner, size * 0.5, self._said(word), new_x=XPos.LEFT, new_y=YPos.NEXT)
        self._pen(9)
        if text:
            self.multi_cell(inner, 4.6, self._said(text), align=Align.L, new_x=XPos.LEFT, new_y=YPos.NEXT)
        self.set_xy(_MARGIN, top + high + 2)

    def facts(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Names and what they are, in two columns."""
        self._rows([Column(title="", width=42), Column(title="", width=138)], pairs, has_head=False)

    def listing(
        self,
        columns: Sequence[Column],
        rows: Sequence[Sequence[str]],
        *,
        size: float = 8,
        strong: Collection[str] = (),
    ) -> None:
        """Rows under a header that comes again on every page; numbers stand to the right, rows that matter most are
        strong: those in which one of these words stands.
        """
        self._rows(columns, rows, has_head=True, size=size, strong=strong)

    def _rows(
        self,
        columns: Sequence[Column],
        rows: Sequence[Sequence[str]],
        *,
        has_head: bool,
        size: float = 9,
        strong: Collection[str] = (),
    ) -> None:
        self._pen(size)
        self.set_draw_color(*_LINE)
        name, bold = FontFace(color=_SOFT), FontFace(emphasis="BOLD")
        with self._drawn(columns, has_head=has_head, size=size) as drawn:
            if has_head:
                head = drawn.row()
                for column in columns:
                    head.cell(self._said(column.title), align=Align.R if column.is_number else Align.L)
            for row in rows:
                line = drawn.row(style=bold if set(strong) & set(row) else None)
                for place, (column, text) in enumerate(zip(columns, row, strict=True)):
                    line.cell(
                        self._said(text),
                        align=Align.R if column.is_number else Align.L,
                        v_align=VAlign.T,
                        style=name if not has_head and place == 0 else None,
                    )
        self.ln(1)

    def _drawn(self, columns: Sequence[Column], *, has_head: bool, size: float) -> AbstractContextManager[Table]:
        """An empty table of these columns."""
        return self.table(
            col_widths=tuple(column.width for column in columns),
            width=self.epw,
            borders_layout=TableBordersLayout.HORIZONTAL_LINES if has_head else TableBordersLayout.NONE,
            headings_style=FontFace(emphasis="BOLD", color=_INK, fill_color=_TINT),
            first_row_as_headings=has_head,
            repeat_headings=TableHeadingsDisplay.ON_TOP_OF_EVERY_PAGE,
            line_height=size * 0.5,
            padding=(0.9, 1.2),
            wrapmode=WrapMode.WORD,
        )

    def _block(self, text: str, high: float) -> None:
        self.multi_cell(0, high, self._said(text), align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
