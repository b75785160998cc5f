"""The chapters of the story, each a function over the stage."""
