"""The documentation: its pages, their programs, and the site built from them."""
