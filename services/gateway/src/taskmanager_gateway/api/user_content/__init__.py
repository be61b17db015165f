"""Routes for what people leave for one another: notes and presets."""
