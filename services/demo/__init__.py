"""The demo county: a made-up county whose settlements, frauds and innocent look-alikes are known by label."""
