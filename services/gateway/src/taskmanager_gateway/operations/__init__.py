"""Operations over many jobs: requested and looked up here, carried out by the scheduler."""
