"""What a lesson imports: masks and attention, the little language, the tiny model, plots, widgets."""
