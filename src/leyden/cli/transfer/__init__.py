"""Copy whole tables to and from JSON lines, with interruptions if need be.

An export saves its progress after each page, an import after each batch; `state` keeps it beside
the data file. Whatever was written after the last save is cut off, or written again under the same
keys. So nothing is lost, and nothing is there twice.
"""
