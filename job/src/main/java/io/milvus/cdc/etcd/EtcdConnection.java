package io.milvus.cdc.etcd;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.ClientBuilder;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.Watch;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.PutOption;
import io.etcd.jetcd.options.WatchOption;
import io.etcd.jetcd.support.Errors;
import io.etcd.jetcd.watch.WatchEvent;
import io.etcd.jetcd.watch.WatchResponse;
import io.grpc.Status;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * A connection to one etcd cluster. Every read is linearizable: it sees all that was acknowledged
 * to anybody before it was asked. Every call answers or fails within {@link #CALL_TIMEOUT}; until
 * then a call is made again that does the same when it is made twice.
 *
 * <p>Safe for use by several threads.
 */
public final class EtcdConnection implements AutoCloseable {

  /** How long one call may take. */
  public static final Duration CALL_TIMEOUT = Duration.ofSeconds(5);

  /** Before a call is made again. */
  private static final Duration PAUSE = Duration.ofMillis(250);

  /** Keys per answer when listing. */
  private static final int PAGE = 1_000;

  /** etcd refuses a transaction of more than 128 operations unless configured otherwise. */
  private static final int OPERATIONS_PER_TRANSACTION = 100;

  /** A page of large values; gRPC's own limit of 4 MB is too small for it. */
  private static final int MAX_ANSWER_BYTES = 256 << 20;

  private final EtcdCluster cluster;
  private final Client client;

  private EtcdConnection(EtcdCluster cluster, Client client) {
    this.cluster = cluster;
    this.client = client;
  }

  /**
   * A connection to a cluster without authentication; it is made when it is first used.
   *
   * @param endpoints client addresses, for example {@code http://127.0.0.1:2379}; without a scheme
   *     they mean http
   */
  public static EtcdConnection open(List<String> endpoints) {
    return open(new EtcdCluster(endpoints));
  }

  /**
   * A connection to a cluster; it is made when it is first used.
   *
   * @throws IllegalArgumentException when the certificates cannot be used
   */
  public static EtcdConnection open(EtcdCluster cluster) {
    return open(cluster, cluster.client());
  }

  /** A connection whose client begins with what is given. */
  static EtcdConnection open(EtcdCluster cluster, ClientBuilder begun) {
    Client client =
        begun
            .interceptor(new WatchGate())
            .connectTimeout(CALL_TIMEOUT)
            // A retry of jetcd's own starts a thread that nothing ends, and that keeps the class
            // loader of an ended Flink job. It would also repeat a transaction that may be done.
            .retryMaxAttempts(0)
            .maxInboundMessageSize(MAX_ANSWER_BYTES)
            .keepaliveTime(Duration.ofSeconds(10))
            .keepaliveTimeout(CALL_TIMEOUT)
            // etcd cuts off clients that ping without a call under way.
            .keepaliveWithoutCalls(false)
            .build();
    return new EtcdConnection(cluster, client);
  }

  /** Client addresses of the cluster, as they were given. */
  public List<String> endpoints() {
    return cluster.endpoints();
  }

  /**
   * The newest revision: whatever was acknowledged before this call is at or below it.
   *
   * @param key any key that may be read; it need not exist
   */
  public long revision(String key) throws EtcdUnavailableException {
    GetOption option = GetOption.builder().withCountOnly(true).build();
    return repeatable(() -> client.getKVClient().get(bytes(key), option), key)
        .getHeader()
        .getRevision();
  }

  /** What a key holds, or empty. */
  public Optional<ByteString> get(String key) throws EtcdUnavailableException {
    return repeatable(() -> client.getKVClient().get(bytes(key)), key).getKvs().stream()
        .findFirst()
        .map(kv -> byteString(kv.getValue()));
  }

  /** What a key holds and since which revision, or empty. */
  public Optional<EtcdChange> find(String key) throws EtcdUnavailableException {
    return repeatable(() -> client.getKVClient().get(bytes(key)), key).getKvs().stream()
        .findFirst()
        .map(EtcdConnection::change);
  }

  /**
   * Writes or removes a key, unless somebody else did so first.
   *
   * @param revision the revision that it was found at; 0 when there was no such key
   * @param value what it shall hold; empty to remove it
   * @return the revision that it is done at; empty when it was not done
   */
  public OptionalLong replace(String key, long revision, Optional<ByteString> value)
      throws EtcdUnavailableException {
    Op operation =
        value
            .<Op>map(
                bytes ->
                    Op.put(bytes(key), ByteSequence.from(bytes.toByteArray()), PutOption.DEFAULT))
            .orElseGet(() -> Op.delete(bytes(key), DeleteOption.DEFAULT));
    return changeAt(key, revision, operation);
  }

  private OptionalLong changeAt(String key, long revision, Op operation)
      throws EtcdUnavailableException {
    TxnResponse response =
        once(
            () ->
                client
                    .getKVClient()
                    .txn()
                    .If(new Cmp(bytes(key), Cmp.Op.EQUAL, CmpTarget.modRevision(revision)))
                    .Then(operation)
                    .commit(),
            key);
    return response.isSucceeded()
        ? OptionalLong.of(response.getHeader().getRevision())
        : OptionalLong.empty();
  }

  /**
   * What each of some keys holds, all at one revision. Keys that do not exist are left out.
   *
   * @param keys any number of keys
   * @param prefix a prefix whose keys are read at the same revision
   */
  public List<EtcdChange> get(List<String> keys, String prefix) throws EtcdUnavailableException {
    List<EtcdChange> found = new ArrayList<>();
    OptionalLong revision = OptionalLong.empty();
    int from = 0;
    do {
      int to = Math.min(keys.size(), from + OPERATIONS_PER_TRANSACTION);
      List<Op> operations = new ArrayList<>();
      if (from == 0) {
        operations.add(Op.get(bytes(prefix), GetOption.builder().isPrefix(true).build()));
      }
      for (String key : keys.subList(from, to)) {
        operations.add(Op.get(bytes(key), atRevision(revision).build()));
      }
      TxnResponse response =
          repeatable(
              () -> client.getKVClient().txn().Then(operations.toArray(Op[]::new)).commit(),
              prefix);
      revision = OptionalLong.of(response.getHeader().getRevision());
      for (GetResponse answer : response.getGetResponses()) {
        answer.getKvs().forEach(kv -> found.add(change(kv)));
      }
      from = to;
    } while (from < keys.size());
    return found;
  }

  /**
   * Hands over everything below some prefixes as of one revision.
   *
   * @param prefixes what to list, at least one; in their order, and in the keys' order within each
   * @return that revision: what was acknowledged before the call is at or below it
   * @throws EtcdUnavailableException also when that revision is compacted before the end of a long
   *     listing; some keys have been handed over then
   */
  public long list(List<String> prefixes, Consumer<EtcdChange> consumer)
      throws EtcdUnavailableException {
    return list(prefixes, false, kv -> consumer.accept(change(kv)));
  }

  /**
   * The keys below a prefix, without what they hold, each with the revision that it is of.
   *
   * @throws EtcdUnavailableException as {@link #list}
   */
  public Map<String, Long> revisions(String prefix) throws EtcdUnavailableException {
    Map<String, Long> revisions = new HashMap<>();
    long unused =
        list(
            List.of(prefix),
            true,
            kv -> revisions.put(kv.getKey().toString(), kv.getModRevision()));
    return revisions;
  }

  private long list(List<String> prefixes, boolean keysOnly, Consumer<KeyValue> consumer)
      throws EtcdUnavailableException {
    OptionalLong revision = OptionalLong.empty();
    for (String prefix : prefixes) {
      ByteSequence end = prefixEnd(prefix);
      ByteSequence first = bytes(prefix);
      boolean more = true;
      while (more) {
        GetOption option =
            atRevision(revision).withRange(end).withLimit(PAGE).withKeysOnly(keysOnly).build();
        ByteSequence from = first;
        GetResponse response = repeatable(() -> client.getKVClient().get(from, option), prefix);
        if (revision.isEmpty()) {
          revision = OptionalLong.of(response.getHeader().getRevision());
        }
        response.getKvs().forEach(consumer);
        more = response.isMore();
        if (more) {
          first = next(response.getKvs().get(response.getKvs().size() - 1).getKey());
        }
      }
    }
    return revision.orElseThrow();
  }

  /**
   * Writes some keys at once, unless a key exists.
   *
   * @param absent the key that must not exist
   * @param values at most as many as etcd takes in one transaction (128 unless configured)
   * @return whether it was done
   */
  public boolean putIfAbsent(String absent, Map<String, ByteString> values)
      throws EtcdUnavailableException {
    Op[] puts =
        values.entrySet().stream()
            .map(
                entry ->
                    Op.put(
                        bytes(entry.getKey()),
                        ByteSequence.from(entry.getValue().toByteArray()),
                        PutOption.DEFAULT))
            .toArray(Op[]::new);
    return once(
            () ->
                client
                    .getKVClient()
                    .txn()
                    .If(new Cmp(bytes(absent), Cmp.Op.EQUAL, CmpTarget.version(0)))
                    .Then(puts)
                    .commit(),
            absent)
        .isSucceeded();
  }

  /** Removes every key below a prefix, at one revision. */
  public void deletePrefix(String prefix) throws EtcdUnavailableException {
    repeatable(
        () ->
            client
                .getKVClient()
                .delete(bytes(prefix), DeleteOption.builder().isPrefix(true).build()),
        prefix);
  }

  /**
   * Removes every key below a prefix, at one revision, unless somebody has changed one key.
   *
   * @param key that key
   * @param revision the revision that it was found at
   * @return whether it was done
   */
  public boolean deletePrefix(String prefix, String key, long revision)
      throws EtcdUnavailableException {
    Op operation = Op.delete(bytes(prefix), DeleteOption.builder().isPrefix(true).build());
    return changeAt(key, revision, operation).isPresent();
  }

  /** Told what happens to the keys of a watch, on a thread that must not be blocked. */
  public interface WatchListener {

    /**
     * Keys changed; everything of these changes' revisions is in the list, and everything of the
     * watch before them has been told.
     */
    void changed(List<EtcdChange> changes);

    /** Nothing at or below a revision is still to be told. */
    void progressed(long revision);

    /** The watch is over, for example because its revision was compacted. Told at least once. */
    void ended(String reason);
  }

  /** A running watch. */
  public interface RunningWatch extends AutoCloseable {

    /** Asks for {@link WatchListener#progressed}. */
    void requestProgress();

    @Override
    void close();
  }

  /** Watches the keys below a prefix, like a range of keys. */
  public RunningWatch watch(String prefix, long revision, WatchListener listener) {
    return watch(bytes(prefix), prefixEnd(prefix), revision, listener);
  }

  /**
   * Watches a range of keys. A watch that ends is not resumed: the listener's owner knows how far
   * it came and opens another one.
   *
   * @param from first key
   * @param to the key after the last one
   * @param revision the first revision that is told
   */
  public RunningWatch watch(String from, String to, long revision, WatchListener listener) {
    return watch(bytes(from), bytes(to), revision, listener);
  }

  private RunningWatch watch(
      ByteSequence from, ByteSequence to, long revision, WatchListener listener) {
    WatchOption option = WatchOption.builder().withRange(to).withRevision(revision).build();
    Watch.Listener told =
        new Watch.Listener() {
          @Override
          public void onNext(WatchResponse response) {
            if (response.getEvents().isEmpty()) {
              listener.progressed(response.getHeader().getRevision());
            } else {
              listener.changed(response.getEvents().stream().map(EtcdConnection::change).toList());
            }
          }

          @Override
          public void onError(Throwable error) {
            listener.ended(String.valueOf(error.getMessage()));
          }

          @Override
          public void onCompleted() {
            listener.ended("the server ended the stream");
          }
        };
    Watch.Watcher watcher = WatchGate.hold(() -> client.getWatchClient().watch(from, option, told));
    return new RunningWatch() {
      @Override
      public void requestProgress() {
        watcher.requestProgress();
      }

      @Override
      public void close() {
        watcher.close();
      }
    };
  }

  @Override
  public void close() {
    client.close();
  }

  /** A call that does the same when it is made twice, so that a server may go away meanwhile. */
  private <T> T repeatable(Supplier<CompletableFuture<T>> call, String what)
      throws EtcdUnavailableException {
    return await(call, what, error -> Errors.isRetryable(Status.fromThrowable(error)));
  }

  /** A call that is made again only when etcd has refused it unseen. */
  private <T> T once(Supplier<CompletableFuture<T>> call, String what)
      throws EtcdUnavailableException {
    return await(call, what, error -> false);
  }

  private <T> T await(
      Supplier<CompletableFuture<T>> call, String what, Predicate<Throwable> mayBeRepeated)
      throws EtcdUnavailableException {
    long end = System.nanoTime() + CALL_TIMEOUT.toNanos();
    while (true) {
      CompletableFuture<T> future = call.get();
      try {
        return future.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      } catch (InterruptedException e) {
        throw interrupted(what, e);
      } catch (TimeoutException e) {
        throw new EtcdUnavailableException(
            "etcd at %s did not answer about %s within %d s%s"
                .formatted(
                    cluster,
                    what,
                    CALL_TIMEOUT.toSeconds(),
                    cluster.tlsTrouble().map(trouble -> ": " + trouble).orElse("")),
            e);
      } catch (ExecutionException e) {
        boolean isAgain = isLoginExpired(e) || mayBeRepeated.test(e);
        if (!isAgain || end - System.nanoTime() < PAUSE.toNanos()) {
          throw new EtcdUnavailableException(
              "etcd at %s failed on %s: %s".formatted(cluster, what, rootOf(e).getMessage()), e);
        }
      } finally {
        future.cancel(true);
      }
      try {
        Thread.sleep(PAUSE.toMillis());
      } catch (InterruptedException e) {
        throw interrupted(what, e);
      }
    }
  }

  /** Logins last for minutes; jetcd has forgotten this one when it tells of it. */
  private static boolean isLoginExpired(Throwable error) {
    return Errors.isInvalidTokenError(error) || Errors.isAuthStoreExpired(error);
  }

  private static EtcdUnavailableException interrupted(String what, InterruptedException e) {
    Thread.currentThread().interrupt();
    return new EtcdUnavailableException("interrupted while asking etcd for " + what, e);
  }

  /** What etcd says to a wrong password is the cause of what the call ends with. */
  private static Throwable rootOf(Throwable error) {
    return error.getCause() == null ? error : rootOf(error.getCause());
  }

  private static GetOption.Builder atRevision(OptionalLong revision) {
    GetOption.Builder builder = GetOption.builder();
    revision.ifPresent(builder::withRevision);
    return builder;
  }

  private static EtcdChange change(KeyValue kv) {
    return new EtcdChange(
        kv.getKey().toString(), Optional.of(byteString(kv.getValue())), kv.getModRevision());
  }

  private static EtcdChange change(WatchEvent event) {
    KeyValue kv = event.getKeyValue();
    return switch (event.getEventType()) {
      case PUT -> change(kv);
      case DELETE -> new EtcdChange(kv.getKey().toString(), Optional.empty(), kv.getModRevision());
      case UNRECOGNIZED ->
          throw new IllegalStateException("etcd told something unknown of " + kv.getKey());
    };
  }

  private static ByteSequence bytes(String text) {
    return ByteSequence.from(text, StandardCharsets.UTF_8);
  }

  private static ByteString byteString(ByteSequence bytes) {
    return UnsafeByteOperations.unsafeWrap(bytes.getBytes());
  }

  /** The first key that does not start with the prefix. */
  private static ByteSequence prefixEnd(String prefix) {
    byte[] end = bytes(prefix).getBytes();
    end[end.length - 1]++;
    return ByteSequence.from(end);
  }

  private static ByteSequence next(ByteSequence key) {
    byte[] bytes = key.getBytes();
    return ByteSequence.from(Arrays.copyOf(bytes, bytes.length + 1));
  }
}
