"""How long a learner takes: a text is read, a cell is run and looked at, an exercise is solved.

These rates are an estimate, not a measurement. Adults read 240 words of English a minute silently (Brysbaert, "How many words do
we read per minute?", 2019); 150 leave time for formulas and for a reader whose second language English is.
"""

WORDS_PER_MINUTE = 150
MINUTES_PER_CELL, MINUTES_PER_QUIZ, MINUTES_PER_EXERCISE = 0.7, 1.5, 5.0
