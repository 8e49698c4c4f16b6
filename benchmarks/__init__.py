"""What speed, memory and many visitors at once are measured with."""
