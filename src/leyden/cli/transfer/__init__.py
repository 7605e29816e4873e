"""Whole tables to and from JSON lines, resumable.

An export notes after each page how far it came, an import after each batch; `state` keeps the
notes beside the file. What was written behind the last note is cut off, or written once more
under the same keys, so that nothing is lost and nothing comes twice.
"""
