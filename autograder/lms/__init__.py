"""To and from a learning management system. In: its exports and the gradebook. Out: submissions in place, files to import."""
