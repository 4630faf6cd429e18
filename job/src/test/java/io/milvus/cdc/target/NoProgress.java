package io.milvus.cdc.target;

/** Nobody wants to know. */
final class NoProgress implements TargetProgress {
  @Override
  public void inserted(int rows) {}

  @Override
  public void deleted(int keys) {}

  @Override
  public void applied(int operations) {}

  @Override
  public void retried() {}
}
