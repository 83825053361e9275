"""Case records, tasks, timers, deadlines: what an office works on."""
