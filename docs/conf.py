"""How the site is built from these pages: ``make docs``."""

from kubectl_rapt import __version__

project = "Rapt"
release = __version__
copyright = "the authors of Rapt, Apache-2.0"

extensions = ["myst_parser"]
exclude_patterns = ["_build", "map.md"]  # the map is for who works in the source
nitpicky = True
highlight_language = "none"
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"Rapt {release}"
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["rapt.css"]
