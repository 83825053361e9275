"""Process mining: a county's event log as XES, and the periods its figures cover; never a person."""
