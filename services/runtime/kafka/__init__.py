"""The Kafka ground: Faust inside guards that keep its promises, and the topics it stands on.

What Faust 0.15.3 does not keep by itself is kept here: the committed offset never passes work that is not
done (`ledger`, `transport`), nor a changelog record the broker has not acknowledged (`transport`); local
tables that may know more than the changelog are dropped (`local_state`); a worker that was asleep or
stands still ends (`watchdog`); the broker's topics are as declared (`topics`). `app` puts it together,
`serve` runs it.
"""
