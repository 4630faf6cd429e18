package io.milvus.cdc.target;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.nio.NioEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import io.milvus.cdc.security.PemException;
import io.milvus.cdc.security.Secret;
import io.milvus.cdc.security.TlsSettings;
import io.milvus.cdc.task.PermanentFailure;
import io.milvus.cdc.task.TargetCluster;
import io.milvus.cdc.task.TargetCluster.Credentials;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/**
 * A gRPC channel to a target: with its TLS, and with the credentials on every call. The
 * certificates come from the task's definition and are never written to a file, as the Milvus SDK
 * would need them.
 *
 * <p>Its network thread is its own and ends with it. gRPC's shared ones go on for a second, and
 * fail loudly when the class loader of an ended Flink job is closed under them.
 */
public final class TargetChannel implements AutoCloseable {

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  // As the Milvus SDK has them: many servers cut off clients that ask more often.
  private static final long KEEP_ALIVE_SECONDS = 55;
  private static final long KEEP_ALIVE_TIMEOUT_SECONDS = 20;
  private static final long IDLE_HOURS = 24;

  /** How long an end is waited for; nothing is sent any more by then. */
  private static final long CLOSE_SECONDS = 5;

  /** What gRPC makes of an answer without a gRPC status begins with this. */
  private static final String HTTP_STATUS = "HTTP status code ";

  private static final int CONTENT_TOO_LARGE = 413;

  private final ManagedChannel channel;
  private final EventLoopGroup thread;

  private TargetChannel(ManagedChannel channel, EventLoopGroup thread) {
    this.channel = channel;
    this.thread = thread;
  }

  /**
   * A channel; it connects when it is first used.
   *
   * @throws PermanentFailure when the task's certificates cannot be used
   */
  public static TargetChannel open(TargetCluster target) {
    TlsSettings tls = target.tls().orElse(TlsSettings.DEFAULT);
    ChannelCredentials credentials =
        target.secure() ? tls(target, tls) : InsecureChannelCredentials.create();
    boolean isEpoll = Epoll.isAvailable();
    NettyChannelBuilder channel =
        NettyChannelBuilder.forAddress(target.host(), target.port(), credentials)
            .channelType(isEpoll ? EpollSocketChannel.class : NioSocketChannel.class)
            .maxInboundMessageSize(Integer.MAX_VALUE)
            .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
            .keepAliveTimeout(KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
            .idleTimeout(IDLE_HOURS, TimeUnit.HOURS);
    if (target.secure()) {
      tls.serverName().ifPresent(channel::overrideAuthority);
    }
    target.credentials().map(Authorization::of).ifPresent(channel::intercept);
    // Made last: whatever is wrong with the address has been told by now, and it has to be closed.
    ThreadFactory daemon = new DefaultThreadFactory("cdc-target", true);
    EventLoopGroup thread =
        isEpoll ? new EpollEventLoopGroup(1, daemon) : new NioEventLoopGroup(1, daemon);
    return new TargetChannel(channel.eventLoopGroup(thread).build(), thread);
  }

  /** What calls are made on. */
  public Channel channel() {
    return channel;
  }

  /** Ends calls that are under way, and returns when the network thread has ended. */
  @Override
  public void close() {
    channel.shutdownNow();
    try {
      boolean unused = channel.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    boolean unused =
        thread
            .shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS)
            .awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
  }

  private static ChannelCredentials tls(TargetCluster target, TlsSettings settings) {
    TlsChannelCredentials.Builder credentials = TlsChannelCredentials.newBuilder();
    try {
      credentials.trustManager(settings.trustManager());
      settings.keyManager().ifPresent(credentials::keyManager);
    } catch (PemException e) {
      throw new PermanentFailure(
          "The certificates that the task has for its target %s cannot be used: one %s; "
              .formatted(target.address(), e.getMessage())
              .concat("create the task anew with others"),
          e);
    }
    return credentials.build();
  }

  /** Why a call failed, in one line: what the connection met, when it was the connection. */
  public static String reason(Status status) {
    return Optional.ofNullable(status.getCause())
        .map(cause -> rootOf(cause).getMessage())
        .or(() -> Optional.ofNullable(status.getDescription()))
        .flatMap(text -> text.lines().findFirst())
        .filter(text -> !text.isBlank())
        .orElseGet(() -> status.getCode().name());
  }

  /**
   * Whether a call was answered by something else than a gRPC server, as a proxy does while it does
   * not know the target: in HTTP, or with a gRPC status that has no words. A gRPC server always
   * names what it does not implement; Envoy does not.
   */
  static boolean isOfProxy(Status status) {
    return status.getDescription() == null
        ? status.getCode() == Status.Code.UNIMPLEMENTED
        : status.getDescription().startsWith(HTTP_STATUS);
  }

  /** Whether a proxy does not let a request pass because it is too large. */
  static boolean isTooLargeForProxy(Status status) {
    return isOfProxy(status) && reason(status).equals(HTTP_STATUS + CONTENT_TOO_LARGE);
  }

  private static Throwable rootOf(Throwable error) {
    return Optional.ofNullable(error.getCause()).map(TargetChannel::rootOf).orElse(error);
  }

  /** Sends the credentials the way Milvus wants them. */
  private record Authorization(Secret header) implements ClientInterceptor {

    static Authorization of(Credentials credentials) {
      byte[] token = credentials.token().value().getBytes(StandardCharsets.UTF_8);
      return new Authorization(new Secret(Base64.getEncoder().encodeToString(token)));
    }

    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(
        MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
      return new ForwardingClientCall.SimpleForwardingClientCall<>(next.newCall(method, options)) {
        @Override
        public void start(Listener<A> listener, Metadata headers) {
          headers.put(AUTHORIZATION, header.value());
          super.start(listener, headers);
        }
      };
    }
  }
}
