"""What is written for people stays true: commands are run, examples are judged, lists are compared."""
