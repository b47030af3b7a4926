"""Webhooks: whom alerts are told to, the outbox, and the engine that delivers it."""
