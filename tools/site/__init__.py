"""The documentation: its pages, their programs, and the site that is built of them."""
