"""Write the samples; see make_samples.sh."""

from __future__ import annotations

import datetime
from pathlib import Path

import docx
import fpdf
import msoffcrypto.format.ooxml
import openpyxl
import pptx
import xlwt
from odf import style, table, text
from odf.opendocument import OpenDocumentText

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
PASSWORD = "secret"
LETTER = ("Уважаемая Анна Сергеевна!", "Ёлку привезут в четверг, в половине шестого: №5 по описи.")
GOODS = (("Товар", "Цена"), ("Чай", "120"), ("Щётка", "75,50"))


def start_pdf() -> fpdf.FPDF:
    pdf = fpdf.FPDF()
    pdf.set_creation_date(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))
    pdf.add_font("DejaVu", "", FONT)
    pdf.set_font("DejaVu", size=12)
    return pdf


def write_pdfs() -> None:
    pdf = start_pdf()
    for line in LETTER:
        pdf.add_page()
        pdf.multi_cell(0, 8, line)
    pdf.output("letter.pdf")

    locked = start_pdf()
    locked.add_page()
    locked.multi_cell(0, 8, LETTER[0])
    locked.set_encryption(owner_password="owner", user_password=PASSWORD, encryption_method="AES-128")
    locked.output("locked.pdf")

    scan = fpdf.FPDF()
    scan.add_page()
    scan.rect(20, 20, 100, 60, style="F")
    scan.output("scan.pdf")


def write_word() -> None:
    document = docx.Document()
    document.add_heading(LETTER[0], 1)
    document.add_paragraph(LETTER[1])
    grid = document.add_table(rows=0, cols=2)
    for row in GOODS:
        for cell, value in zip(grid.add_row().cells, row, strict=True):
            cell.text = value
    document.add_paragraph("После таблицы", style="List Bullet")
    document.save("letter.docx")
    with Path("letter.docx").open("rb") as plain, Path("locked.docx").open("wb") as locked:
        msoffcrypto.format.ooxml.OOXMLFile(plain).encrypt(PASSWORD, locked)


def write_slides() -> None:
    slides = pptx.Presentation()
    for title in LETTER:
        slides.slides.add_slide(slides.slide_layouts[5]).shapes.title.text = title
    slides.save("slides.pptx")


def write_books() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Расходы"
    for row in (
        ("Дата", "Сумма"),
        (datetime.date(2026, 3, 1), 12.5),
        (datetime.datetime(2026, 3, 2, 9, 30), 7),
    ):
        sheet.append(row)
    sheet.append((None, "есть\nперенос", True))
    book.create_sheet("Пусто")
    book.save("expenses.xlsx")

    old = xlwt.Workbook()
    page = old.add_sheet("Старый")
    for number, row in enumerate(GOODS):
        for column, value in enumerate(row):
            page.write(number, column, value)
    old.save("old.xls")


def write_open_document() -> None:
    document = OpenDocumentText()
    document.automaticstyles.addElement(style.Style(name="Plain", family="paragraph"))
    for line in LETTER:
        document.text.addElement(text.P(text=line))
    grid = table.Table(name="Goods")
    for row in GOODS:
        line = table.TableRow()
        for value in row:
            cell = table.TableCell()
            cell.addElement(text.P(text=value))
            line.addElement(cell)
        grid.addElement(line)
    document.text.addElement(grid)
    document.save("letter.odt")


for write in (write_pdfs, write_word, write_slides, write_books, write_open_document):
    write()
