"""Pages of the vendor, saved as text: read them, check them against the contract, make a new model of one."""

from segmind_ltx_spec.pages.page import Page, PageParameter
from segmind_ltx_spec.pages.reader import parse_page, read_page
from segmind_ltx_spec.pages.text import PageText

__all__ = ["Page", "PageParameter", "PageText", "parse_page", "read_page"]
