"""Operations over many jobs: asked for and found here; the scheduler works them off."""
