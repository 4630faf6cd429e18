package io.milvus.cdc.server.tasks;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.milvus.cdc.server.tasks.TaskException.Kind;
import io.milvus.cdc.target.TargetChannel;
import io.milvus.cdc.task.TargetCluster;
import io.milvus.grpc.ListDatabasesRequest;
import io.milvus.grpc.ListDatabasesResponse;
import io.milvus.grpc.MilvusServiceGrpc;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

/**
 * Tries a target by listing its databases, once, on a connection of its own: the SDK's client
 * repeats in the background and hides what went wrong.
 */
public final class MilvusTargetProbe implements TargetProbe {

  @Override
  public void check(TargetCluster target) {
    try (TargetChannel channel = TargetChannel.open(target)) {
      ListDatabasesResponse response =
          MilvusServiceGrpc.newBlockingStub(channel.channel())
              .withDeadlineAfter(
                  (long) (target.connectTimeoutSeconds() * 1000), TimeUnit.MILLISECONDS)
              .listDatabases(ListDatabasesRequest.getDefaultInstance());
      refuseFailure(target, response);
    } catch (StatusRuntimeException e) {
      throw translated(target, e.getStatus());
    }
  }

  private static void refuseFailure(TargetCluster target, ListDatabasesResponse response) {
    if (response.getStatus().getCode() != 0) {
      throw unreachable(target, "answers but does not work: " + response.getStatus().getReason());
    }
  }

  private static TaskException translated(TargetCluster target, Status status) {
    return switch (status.getCode()) {
      case UNAUTHENTICATED, PERMISSION_DENIED ->
          target.credentials().isPresent()
              ? refused(
                  target,
                  "refuses the credentials; check token, or username and password, in"
                      + " milvus_connect_param")
              : refused(
                  target,
                  "wants credentials; give token with uri, or username and password with host, in"
                      + " milvus_connect_param");
      case UNIMPLEMENTED ->
          new TaskException(
              Kind.TARGET_UNREACHABLE,
              "What answers at "
                  + target.address()
                  + " is not a Milvus of release 2.3 or newer; check the address in"
                  + " milvus_connect_param");
      case DEADLINE_EXCEEDED ->
          unreachable(
              target,
              "does not answer within connect_timeout ("
                  + target.connectTimeoutSeconds()
                  + " s); check the address in milvus_connect_param and that it runs");
      default -> connectionFailed(target, status);
    };
  }

  private static TaskException connectionFailed(TargetCluster target, Status status) {
    List<Throwable> causes = new ArrayList<>();
    for (Throwable cause = status.getCause(); cause != null; cause = cause.getCause()) {
      causes.add(cause);
    }
    String reason = TargetChannel.reason(status);
    if (has(causes, CertPathBuilderException.class, CertPathValidatorException.class)) {
      return refused(
          target,
          "shows a certificate that is not trusted ("
              + reason
              + "); check server_pem_path or ca_pem_path in milvus_connect_param.dial_config");
    }
    if (has(causes, CertificateException.class)) {
      return refused(
          target,
          "shows a certificate of another server ("
              + reason
              + "); check the address in milvus_connect_param, or give the certificate's name as"
              + " dial_config.server_name");
    }
    if (has(causes, SSLException.class)) {
      return refused(
          target,
          "does not agree on TLS ("
              + reason
              + "); check that it has TLS, and the client's certificate in"
              + " milvus_connect_param.dial_config if it wants one");
    }
    return unreachable(
        target,
        "cannot be reached ("
            + reason
            + "); check the address in milvus_connect_param and that it runs"
            + (target.secure() ? "" : ", and whether it wants TLS (https://, or enable_tls)"));
  }

  @SafeVarargs
  private static boolean has(List<Throwable> causes, Class<? extends Throwable>... types) {
    return causes.stream()
        .anyMatch(cause -> List.of(types).stream().anyMatch(t -> t.isInstance(cause)));
  }

  private static TaskException refused(TargetCluster target, String what) {
    return new TaskException(Kind.TARGET_REFUSED, subject(target) + what);
  }

  private static TaskException unreachable(TargetCluster target, String what) {
    return new TaskException(Kind.TARGET_UNREACHABLE, subject(target) + what);
  }

  private static String subject(TargetCluster target) {
    return "The target Milvus at " + target.address() + " ";
  }
}
