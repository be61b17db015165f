"""The page of reports to Goobi."""
