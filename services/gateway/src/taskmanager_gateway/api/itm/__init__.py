"""The routes of ITM, the system Goobi users know."""
