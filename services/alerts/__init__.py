"""What the detector said becomes stored alerts, readable by users, told to webhooks, shown in the console."""
