"""What crosses a service boundary, and nothing else: events, alerts, registry records, topics."""
