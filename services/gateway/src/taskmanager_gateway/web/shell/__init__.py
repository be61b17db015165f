"""What every page is made with: rendering, languages, formats, assets, the menu's items."""
