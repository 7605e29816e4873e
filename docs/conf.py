"""How Sphinx builds this folder into a site; `make docs` runs it.

Sphinx, because strict references, pages from docstrings and a search without a server are built
into it and have been maintained for long; Zensical, the other candidate, was at 0.0.x.
"""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tools.site.api import MOCKED  # noqa: E402 (it is found now)

project = "Leyden"
author = "the Leyden authors"
copyright = ""
release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton", "tools.site.extension"]
nitpicky = True
exclude_patterns = ["_*"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
myst_links_external_new_tab = False

autodoc_mock_imports = [*MOCKED]
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"
leyden_drawings = os.environ.get("LEYDEN_DRAWINGS", "")

html_theme = "furo"
html_title = "Leyden"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
templates_path = ["_templates"]
html_use_index = html_domain_indices = False
html_theme_options: dict[str, list[str]] = {"top_of_page_buttons": []}
html_favicon = "_static/leyden.svg"
html_sourcelink_suffix = ""
html_show_copyright = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
# What is copied is what can be pasted: no prompts, no output.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True
