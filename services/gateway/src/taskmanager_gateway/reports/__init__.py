"""What Goobi is told: looking at it, having it told again."""
