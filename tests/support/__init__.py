"""What the tests stand on: real servers, fetched once and started on free local ports."""
