"""The files that run Qingfeng elsewhere, held to the code. There is no Docker engine in the tests."""
