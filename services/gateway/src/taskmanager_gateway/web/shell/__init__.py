"""What all pages are built with: rendering, languages, formats, assets, the menu's items."""
