"""`qingfeng doctor`: looks at what a deployment stands on; one line each: how it stands, what to do.

It changes nothing and brings no schema up to date. It works while the system runs and while it does not; of
a private database it starts the server for as long as it looks.
"""
