package io.milvus.cdc.tap;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import io.grpc.CallOptions;
import io.grpc.ConnectivityState;
import io.grpc.Grpc;
import io.grpc.HandlerRegistry;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.KnownLength;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerMethodDefinition;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.milvus.grpc.ErrorCode;
import io.milvus.grpc.MutationResult;
import io.milvus.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Stands before a target: passes calls on and tells of those that change something and have
 * succeeded, or answers those that write itself at once, so that only what comes before the target
 * is measured.
 */
public final class TargetTap implements AutoCloseable {

  private static final int LARGEST_CALL = 256 << 20;
  private static final Set<String> WRITES = Set.of("Insert", "Upsert", "Delete");
  private static final Set<String> CHANGES =
      Set.of("CreateCollection", "RenameCollection", "DropCollection", "DropPartition");
  private static final byte[] SUCCESS =
      MutationResult.newBuilder().setAcknowledged(true).build().toByteArray();

  /** Held so that the setting lasts. It prints a stack trace for each connection that is cut. */
  private static final Logger OF_CUT_CONNECTIONS =
      Logger.getLogger("io.grpc.netty.shaded.io.grpc.netty.NettyServerHandler");

  static {
    OF_CUT_CONNECTIONS.setLevel(Level.OFF);
  }

  private final Server server;
  private final ManagedChannel target;
  private volatile boolean answering;
  private volatile Listener listener = (method, request) -> {};

  /** Is told on any thread. */
  @FunctionalInterface
  public interface Listener {

    /**
     * A write has succeeded, and the replicating process is told so.
     *
     * @param method {@code Insert}, {@code Upsert} or {@code Delete}
     * @param request the encoded request
     */
    void acknowledged(String method, byte[] request);

    /**
     * A collection was created, renamed or dropped, or a partition dropped.
     *
     * @param method {@code CreateCollection}, {@code RenameCollection}, {@code DropCollection} or
     *     {@code DropPartition}
     * @param request the encoded request
     */
    default void changed(String method, byte[] request) {}
  }

  /** A tap on a free port of this machine, before a server that may come and go. */
  public TargetTap(int targetPort) {
    target =
        Grpc.newChannelBuilderForAddress(
                "127.0.0.1", targetPort, InsecureChannelCredentials.create())
            .maxInboundMessageSize(LARGEST_CALL)
            .build();
    try {
      server =
          Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
              .maxInboundMessageSize(LARGEST_CALL)
              .fallbackHandlerRegistry(new Everything())
              .build()
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException("A tap cannot listen", e);
    }
  }

  public int port() {
    return server.getPort();
  }

  /** Whether writes are answered here, and never reach the target. */
  public void answer(boolean value) {
    answering = value;
  }

  /** Who is told from now on. */
  public void tell(Listener value) {
    listener = value;
  }

  private final class Everything extends HandlerRegistry {

    @Override
    public ServerMethodDefinition<?, ?> lookupMethod(String name, String authority) {
      MethodDescriptor<byte[], byte[]> method =
          MethodDescriptor.newBuilder(Bytes.INSTANCE, Bytes.INSTANCE)
              .setFullMethodName(name)
              .setType(MethodDescriptor.MethodType.UNARY)
              .build();
      String bare = name.substring(name.indexOf('/') + 1);
      boolean writes = WRITES.contains(bare);
      return ServerMethodDefinition.create(
          method,
          ServerCalls.asyncUnaryCall(
              (request, response) -> {
                if (writes && answering) {
                  response.onNext(SUCCESS);
                  response.onCompleted();
                  listener.acknowledged(bare, request);
                } else {
                  if (target.getState(false) == ConnectivityState.TRANSIENT_FAILURE) {
                    // Whoever asks decides when it is tried again.
                    target.resetConnectBackoff();
                  }
                  ClientCalls.asyncUnaryCall(
                      target.newCall(method, CallOptions.DEFAULT),
                      request,
                      writes || CHANGES.contains(bare)
                          ? new Told(bare, request, response)
                          : response);
                }
              }));
    }
  }

  /**
   * Tells of an acknowledgement before it is passed on: once the caller has it, the next call about
   * the same key may be on its way.
   */
  private final class Told implements StreamObserver<byte[]> {

    private final String method;
    private final byte[] request;
    private final StreamObserver<byte[]> response;

    Told(String method, byte[] request, StreamObserver<byte[]> response) {
      this.method = method;
      this.request = request;
      this.response = response;
    }

    @Override
    public void onNext(byte[] answer) {
      tell(answer);
      response.onNext(answer);
    }

    private void tell(byte[] answer) {
      if (WRITES.contains(method)) {
        if (isSuccess(parsed(MutationResult.parser(), answer).getStatus())) {
          listener.acknowledged(method, request);
        }
      } else if (isSuccess(parsed(Status.parser(), answer))) {
        listener.changed(method, request);
      }
    }

    // Some calls of 2.3 still set nothing but the older field.
    @SuppressWarnings("deprecation")
    private static boolean isSuccess(Status status) {
      return status.getCode() == 0 && status.getErrorCode() == ErrorCode.Success;
    }

    private static <T> T parsed(Parser<T> parser, byte[] answer) {
      try {
        return parser.parseFrom(answer);
      } catch (InvalidProtocolBufferException e) {
        throw new IllegalStateException("not an answer of Milvus", e);
      }
    }

    @Override
    public void onError(Throwable error) {
      response.onError(error);
    }

    @Override
    public void onCompleted() {
      response.onCompleted();
    }
  }

  /** Messages as they are. */
  private enum Bytes implements MethodDescriptor.Marshaller<byte[]> {
    INSTANCE;

    @Override
    public InputStream stream(byte[] value) {
      return new Known(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static final class Known extends ByteArrayInputStream implements KnownLength {

    Known(byte[] bytes) {
      super(bytes);
    }
  }

  @Override
  public void close() {
    server.shutdownNow();
    target.shutdownNow();
  }
}
