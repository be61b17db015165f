"""What Goobi is told: reading reports, and delivering them again."""
