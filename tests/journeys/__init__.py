"""Whole systems as users start them, from the first request to the last answer."""
