"""One package per paper. A paper never imports another; it is part of the book once its key is listed here."""

PAPERS = ("huang2024",)
