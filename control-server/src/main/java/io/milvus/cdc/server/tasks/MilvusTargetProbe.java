package io.milvus.cdc.server.tasks;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.milvus.cdc.server.tasks.TaskException.Kind;
import io.milvus.cdc.task.TargetCluster;
import io.milvus.cdc.task.TargetCluster.Credentials;
import io.milvus.grpc.ListDatabasesRequest;
import io.milvus.grpc.ListDatabasesResponse;
import io.milvus.grpc.MilvusServiceGrpc;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Tries a target by listing its databases, once, on a connection of its own: the SDK's client
 * repeats in the background and hides what went wrong.
 */
public final class MilvusTargetProbe implements TargetProbe {

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  @Override
  public void check(TargetCluster target) {
    ManagedChannelBuilder<?> builder =
        ManagedChannelBuilder.forAddress(target.host(), target.port());
    ManagedChannel channel =
        (target.secure() ? builder.useTransportSecurity() : builder.usePlaintext()).build();
    try {
      ListDatabasesResponse response =
          MilvusServiceGrpc.newBlockingStub(channel)
              .withInterceptors(new Authorization(target.credentials()))
              .withDeadlineAfter(
                  (long) (target.connectTimeoutSeconds() * 1000), TimeUnit.MILLISECONDS)
              .listDatabases(ListDatabasesRequest.getDefaultInstance());
      refuseFailure(target, response);
    } catch (StatusRuntimeException e) {
      throw translated(target, e);
    } finally {
      channel.shutdownNow();
    }
  }

  private static void refuseFailure(TargetCluster target, ListDatabasesResponse response) {
    if (response.getStatus().getCode() != 0) {
      throw new TaskException(
          Kind.TARGET_UNREACHABLE,
          "The target Milvus at "
              + target.address()
              + " answers but does not work: "
              + response.getStatus().getReason());
    }
  }

  private static TaskException translated(TargetCluster target, StatusRuntimeException e) {
    return switch (e.getStatus().getCode()) {
      case UNAUTHENTICATED, PERMISSION_DENIED ->
          new TaskException(
              Kind.TARGET_REFUSED,
              "The target Milvus at "
                  + target.address()
                  + " refuses the credentials; check token, or username and password, in"
                  + " milvus_connect_param");
      case UNIMPLEMENTED ->
          new TaskException(
              Kind.TARGET_UNREACHABLE,
              "What answers at "
                  + target.address()
                  + " is not a Milvus of release 2.3 or newer; check the address in"
                  + " milvus_connect_param");
      case DEADLINE_EXCEEDED ->
          new TaskException(
              Kind.TARGET_UNREACHABLE,
              "The target Milvus at "
                  + target.address()
                  + " does not answer within connect_timeout ("
                  + target.connectTimeoutSeconds()
                  + " s); check the address in milvus_connect_param and that it runs");
      default ->
          new TaskException(
              Kind.TARGET_UNREACHABLE,
              "The target Milvus at "
                  + target.address()
                  + " cannot be reached ("
                  + shortReason(e.getStatus())
                  + "); check the address in milvus_connect_param and that it runs");
    };
  }

  private static String shortReason(Status status) {
    String description = Optional.ofNullable(status.getDescription()).orElse("");
    return Optional.ofNullable(status.getCause())
        .map(cause -> rootOf(cause).getMessage())
        .or(() -> Optional.of(description))
        .filter(text -> !text.isBlank())
        .orElseGet(() -> status.getCode().name())
        .lines()
        .findFirst()
        .orElse("");
  }

  private static Throwable rootOf(Throwable error) {
    return Optional.ofNullable(error.getCause()).map(MilvusTargetProbe::rootOf).orElse(error);
  }

  /** Sends the credentials the way Milvus wants them. */
  private record Authorization(Optional<Credentials> credentials) implements ClientInterceptor {

    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(
        MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
      return new ForwardingClientCall.SimpleForwardingClientCall<>(next.newCall(method, options)) {
        @Override
        public void start(Listener<A> listener, Metadata headers) {
          credentials.ifPresent(
              known ->
                  headers.put(
                      AUTHORIZATION,
                      Base64.getEncoder()
                          .encodeToString(known.token().getBytes(StandardCharsets.UTF_8))));
          super.start(listener, headers);
        }
      };
    }
  }
}
