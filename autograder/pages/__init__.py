"""HTML pages for people who have no kernel at hand: each one file, without script, without an address outside itself."""
