"""The addresses of the system Goobi users know (ITM)."""
