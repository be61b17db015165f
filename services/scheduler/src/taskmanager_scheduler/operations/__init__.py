"""Operations over many jobs, page by page."""
