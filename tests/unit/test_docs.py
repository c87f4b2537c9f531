"""The pages for people: links lead somewhere; pages, settings and commands are all there."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = {path.relative_to(ROOT).as_posix(): path for path in (*ROOT.glob("*.md"), *DOCS.glob("*.md"))}
LINKS = sorted(
    {
        (page, link)
        for page, path in PAGES.items()
        for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:", link)
    }
)
FOLDERS = "bench|docs|examples|infra|landfall|scripts|shared|studio|tests"
PLACES = sorted(
    {
        (page, place)
        for page, path in PAGES.items()
        for place in re.findall(rf"`((?:{FOLDERS})/[\w/.-]*|\w+\.py)`", path.read_text(encoding="utf-8"))
    }
)


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(("page", "link"), LINKS)
def test_every_link_leads_to_a_file_and_a_heading(page: str, link: str) -> None:
    """A link within the repository names a file that is there, and a heading that the file has."""
    name, _, anchor = link.partition("#")
    target = PAGES[page].parent / name if name else PAGES[page]

    assert target.exists()
    assert not anchor or anchor in anchors(target)


@pytest.mark.parametrize(("page", "place"), PLACES)
def test_every_cited_place_is_there(page: str, place: str) -> None:
    """A file or folder of the repository that a page names exists; a module may be named without its folders."""
    assert (ROOT / place).exists() or any(
        path.name == place for folder in FOLDERS.split("|") for path in (ROOT / folder).rglob("*.py")
    ), f"{page} names {place}"


def test_the_index_lists_every_page() -> None:
    """docs/README.md links to every other page of docs."""
    linked = {link.partition("#")[0] for page, link in LINKS if page == "docs/README.md"}

    assert {path.name for path in DOCS.glob("*.md")} - {"README.md"} <= linked


def test_the_readme_is_short() -> None:
    """A newcomer reads it whole: at most 120 lines."""
    assert len(PAGES["README.md"].read_text(encoding="utf-8").splitlines()) <= 120


def test_the_settings_page_names_every_app_setting() -> None:
    """Every setting that the app's code, the template for Core Tools or the Bicep files name stands on the page."""
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    code = [*(ROOT / "shared").rglob("*.py"), ROOT / "function_app.py", ROOT / "infra" / "app" / "function.bicep"]
    names = {name for path in code for name in re.findall(r"\bLANDFALL_[A-Z_]+\b", path.read_text(encoding="utf-8"))}
    example = json.loads((ROOT / "local.settings.example.json").read_text(encoding="utf-8"))["Values"]
    names |= {name for name in example if name.startswith(("LANDFALL_", "AzureWebJobsStorage"))}

    assert len(names) >= 8
    assert {name for name in names if f"`{name}`" not in page} == set()


@pytest.mark.parametrize("package", ["landfall", "studio"])
def test_every_command_is_on_a_page(package: str) -> None:
    """Each command that `--help` lists is written out on a page, as a person types it."""
    help_text = subprocess.run(
        [sys.executable, "-m", package, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    commands = re.findall(r"^    ([a-z-]+)(?: {2}|$)", help_text, re.MULTILINE)
    pages = "\n".join(path.read_text(encoding="utf-8") for path in PAGES.values())

    assert len(commands) >= 6
    assert [name for name in commands if not re.search(rf"\b{package} (?:\w+\|)*{name}\b", pages)] == []
