"""The Kafka ground against a real broker: tests/support/kafka.py."""
