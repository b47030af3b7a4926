"""Readers of history: files in formats of the field in, events as institutions would post them out."""
