"""Operations over many jobs."""
