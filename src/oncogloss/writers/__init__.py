"""Writers: an extraction (and, where it must be shown, its document) in; text for people or programs out."""

from oncogloss.writers.html import html_page
from oncogloss.writers.json import json_line
from oncogloss.writers.table import print_table

__all__ = ["html_page", "json_line", "print_table"]
