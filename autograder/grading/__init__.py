"""`leftcontext grade`: student code runs in one process, the tests in another, and only plain data crosses."""
