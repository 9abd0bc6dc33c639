"""How an exercise is written: prompt, solution, cases, right and wrong answers. In: nothing. Out: an `Exercise` or a `Quiz`."""
