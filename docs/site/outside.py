"""A hook of MkDocs: links to files outside docs/ become paths, since the site lacks these files."""

import posixpath
import re

LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((\.\.?/[^)#]+)(#[^)]*)?\)")


def on_page_markdown(markdown, page, **_):
    """Return a page's Markdown in which only links within docs/ are links."""
    folder = posixpath.dirname(page.file.src_uri)

    def inside(found):
        text, target, _ = found.groups()
        path = posixpath.normpath(posixpath.join("docs", folder, target))
        if path.startswith("docs/"):
            return found[0]
        return f"`{path}`" if text in (path, posixpath.basename(path)) else f"{text} (`{path}` in the repository)"

    return LINK.sub(inside, markdown)
