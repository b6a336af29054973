"""Print every address on the internet that the pages name; with --check, ask each whether it answers."""

import re
import sys
from pathlib import Path

import requests

ROOT = Path(__file__).parents[2]
ADDRESS = re.compile(r"https?://[^\s)>\"'`|\]]+")
REFUSED = (401, 403, 405, 418, 429)
"""Codes of sites that exist but turn programs away."""


def addresses() -> dict[str, list[str]]:
    """Return the pages, seen from the repository, of each address."""
    found: dict[str, list[str]] = {}
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for address in sorted(set(ADDRESS.findall(page.read_text(encoding="utf-8")))):
            found.setdefault(address.rstrip(".,;"), []).append(str(page.relative_to(ROOT)))
    return found


def problem(address: str) -> str:
    """Return why an address does not answer, or nothing."""
    try:
        code = requests.get(address, timeout=20, stream=True, headers={"User-Agent": "Mozilla/5.0"}).status_code
    except requests.RequestException as error:
        return type(error).__name__
    return f"code {code}" if code >= 400 and code not in REFUSED else ""


if __name__ == "__main__":
    broken = 0
    for address, pages in sorted(addresses().items()):
        reason = problem(address) if "--check" in sys.argv[1:] else ""
        broken += bool(reason)
        print(address, f"({', '.join(pages)})", reason)
    sys.exit(broken > 0)
