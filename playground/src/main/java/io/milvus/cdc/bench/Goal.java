package io.milvus.cdc.bench;

/**
 * What a median has to reach.
 *
 * @param atLeast whether more is better
 */
record Goal(boolean atLeast, double value) {

  static Goal atLeast(double value) {
    return new Goal(true, value);
  }

  static Goal atMost(double value) {
    return new Goal(false, value);
  }

  String judge(double median) {
    boolean reached = atLeast ? median >= value : median <= value;
    return this + (reached ? ", reached" : ", MISSED");
  }

  @Override
  public String toString() {
    return (atLeast ? ">= " : "<= ") + Figure.shown(value);
  }
}
