package io.milvus.cdc.bench;

import io.grpc.CallOptions;
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
import io.milvus.cdc.playground.PlaygroundException;
import io.milvus.grpc.MutationResult;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Set;

/**
 * Stands before a target: passes calls on and tells of those that write, or answers these itself at
 * once, so that only what comes before the target is measured.
 */
final class TargetTap implements AutoCloseable {

  private static final int LARGEST_CALL = 256 << 20;
  private static final Set<String> WRITES = Set.of("Insert", "Upsert", "Delete");
  private static final byte[] SUCCESS =
      MutationResult.newBuilder().setAcknowledged(true).build().toByteArray();

  private final Server server;
  private final ManagedChannel target;
  private volatile boolean answering;
  private volatile Listener listener = (method, request) -> {};

  /** Is told of each write that was acknowledged, on any thread. */
  @FunctionalInterface
  interface Listener {

    /**
     * A write was acknowledged, and the replicating process is told so.
     *
     * @param method {@code Insert}, {@code Upsert} or {@code Delete}
     * @param request the encoded request
     */
    void acknowledged(String method, byte[] request);
  }

  TargetTap(int targetPort) {
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
      throw new PlaygroundException("The tap cannot listen: " + e.getMessage(), e);
    }
  }

  int port() {
    return server.getPort();
  }

  /** Whether writes are answered here, and never reach the target. */
  void answer(boolean value) {
    answering = value;
  }

  /** Who is told from now on. */
  void tell(Listener value) {
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
                  ClientCalls.asyncUnaryCall(
                      target.newCall(method, CallOptions.DEFAULT),
                      request,
                      writes ? new Told(bare, request, response) : response);
                }
              }));
    }
  }

  /** Tells of an acknowledgement when it is passed on. */
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
      response.onNext(answer);
      listener.acknowledged(method, request);
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
