package io.milvus.cdc.target;

/** Nobody wants to know. */
class NoProgress implements TargetProgress {
  @Override
  public void callBegan() {}

  @Override
  public void callEnded() {}

  @Override
  public void writeTook(long nanos) {}

  @Override
  public void wrote(Write kind, int rows) {}

  @Override
  public void applied(Lane lane, Lane.Done done) {}

  @Override
  public void retried(RetryCause cause) {}

  @Override
  public void stopped() {}

  @Override
  public void gone(long collectionId) {}
}
