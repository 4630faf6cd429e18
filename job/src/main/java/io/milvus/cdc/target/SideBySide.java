package io.milvus.cdc.target;

import io.milvus.cdc.target.TargetException.Kind;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;

/**
 * Makes several calls of one step at the same time, as far as threads are free. The thread that
 * asks for them makes those itself that no other one has begun, so it never waits for a thread.
 */
final class SideBySide {

  private final Executor threads;

  /** A call to the target. */
  @FunctionalInterface
  interface Call {
    void make() throws TargetException;
  }

  /**
   * @param threads help as far as they can, and need not
   */
  SideBySide(Executor threads) {
    this.threads = threads;
  }

  /**
   * Makes all calls, whether or not some fail, and returns when none is under way any more.
   *
   * @throws TargetException of the first call that failed
   */
  void makeAll(List<Call> calls) throws TargetException {
    List<FutureTask<Void>> all = calls.stream().map(SideBySide::task).toList();
    all.stream().skip(1).forEach(threads::execute);
    // One that another thread has begun is not run again.
    all.forEach(FutureTask::run);
    Optional<Throwable> failure = Optional.empty();
    for (FutureTask<Void> task : all) {
      Optional<Throwable> ofTask = failure(task);
      failure = failure.or(() -> ofTask);
    }
    if (failure.isPresent()) {
      throwIt(failure.get());
    }
  }

  private static FutureTask<Void> task(Call call) {
    return new FutureTask<>(
        () -> {
          call.make();
          return null;
        });
  }

  private static Optional<Throwable> failure(FutureTask<Void> task) throws TargetException {
    try {
      Void unused = task.get();
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TargetException(Kind.TRANSIENT, "interrupted", e);
    } catch (ExecutionException e) {
      return Optional.of(e.getCause());
    }
  }

  private static void throwIt(Throwable failure) throws TargetException {
    if (failure instanceof TargetException e) {
      throw e;
    } else if (failure instanceof Error e) {
      throw e;
    }
    throw (RuntimeException) failure;
  }
}
