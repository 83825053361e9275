"""What a case waits for beside people: timers, jobs that are tried again, messages and signals, incidents."""
