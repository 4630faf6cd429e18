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
    List<FutureTask<Optional<Throwable>>> all = calls.stream().map(SideBySide::task).toList();
    all.stream().skip(1).forEach(threads::execute);
    // One that another thread has begun is not run again.
    all.forEach(FutureTask::run);
    Optional<Throwable> failure = Optional.empty();
    for (FutureTask<Optional<Throwable>> task : all) {
      Optional<Throwable> outcome = outcome(task);
      failure = failure.or(() -> outcome);
    }
    if (failure.isPresent()) {
      throwIt(failure.get());
    }
  }

  private static FutureTask<Optional<Throwable>> task(Call call) {
    return new FutureTask<>(
        () -> {
          try {
            call.make();
            return Optional.empty();
          } catch (TargetException | RuntimeException | Error e) {
            return Optional.of(e);
          }
        });
  }

  private static Optional<Throwable> outcome(FutureTask<Optional<Throwable>> task)
      throws TargetException {
    try {
      return task.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TargetException(Kind.TRANSIENT, "interrupted", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
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
