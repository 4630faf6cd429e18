package io.milvus.cdc.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.TxnResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Calls to an etcd that goes away while the first of them is under way. */
class EtcdRepetitionTest {

  private static final EtcdCluster CLUSTER = new EtcdCluster(List.of("127.0.0.1:1"));
  private static final ByteString VALUE = ByteString.copyFromUtf8("value");

  private final AtomicInteger calls = new AtomicInteger();

  @Test
  void aReadIsMadeAgain() throws Exception {
    try (EtcdConnection etcd =
        EtcdConnection.open(CLUSTER, CLUSTER.client().interceptor(server()))) {
      assertThat(etcd.get("key")).hasValue(VALUE);
    }
    assertThat(calls).hasValue(2);
  }

  /** It may have been done: made again, it would say that somebody else was first. */
  @Test
  void aTransactionIsNotMadeAgain() throws Exception {
    try (EtcdConnection etcd =
        EtcdConnection.open(CLUSTER, CLUSTER.client().interceptor(server()))) {
      assertThatThrownBy(() -> etcd.putIfAbsent("key", Map.of("key", VALUE)))
          .isInstanceOf(EtcdUnavailableException.class)
          .hasMessageContaining("key");
    }
    assertThat(calls).hasValue(1);
  }

  private ClientInterceptor server() {
    return new ClientInterceptor() {
      @Override
      public <Q, A> ClientCall<Q, A> interceptCall(
          MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        return new ClientCall<>() {
          private Listener<A> listener;

          @Override
          public void start(Listener<A> responses, Metadata headers) {
            listener = responses;
          }

          @Override
          public void request(int messages) {}

          @Override
          public void sendMessage(Q message) {}

          @Override
          public void halfClose() {
            if (calls.incrementAndGet() == 1) {
              listener.onClose(Status.UNAVAILABLE, new Metadata());
              return;
            }
            listener.onHeaders(new Metadata());
            listener.onMessage(method.parseResponse(answer(method).newInput()));
            listener.onClose(Status.OK, new Metadata());
          }

          @Override
          public void cancel(String message, Throwable cause) {}
        };
      }
    };
  }

  private static ByteString answer(MethodDescriptor<?, ?> method) {
    return method.getFullMethodName().endsWith("Txn")
        ? TxnResponse.getDefaultInstance().toByteString()
        : RangeResponse.newBuilder()
            .addKvs(KeyValue.newBuilder().setKey(ByteString.copyFromUtf8("key")).setValue(VALUE))
            .build()
            .toByteString();
  }
}
