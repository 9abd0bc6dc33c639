"""What a process may do. In: folders and limits. Out: a process that can reach nothing else. Knows no course."""
