package io.milvus.cdc.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.Event;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.ResponseHeader;
import io.etcd.jetcd.api.WatchRequest;
import io.etcd.jetcd.api.WatchResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.milvus.cdc.etcd.EtcdConnection.RunningWatch;
import io.milvus.cdc.etcd.EtcdConnection.WatchListener;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;

class EtcdWatchTest {

  private final List<String> told = new ArrayList<>();

  private final WatchListener listener =
      new WatchListener() {
        @Override
        public void changed(List<EtcdChange> changes) {
          changes.forEach(change -> told.add(change.key() + " at " + change.revision()));
        }

        @Override
        public void progressed(long revision) {
          told.add("progress to " + revision);
        }

        @Override
        public void ended(String reason) {
          told.add("ended");
        }
      };

  /** A thread that was not run for a while finds the answer there when it goes on. */
  @Test
  void whatIsToldWhileTheWatchIsStillBeingOpenedIsNotLost() {
    EtcdCluster cluster = new EtcdCluster(List.of("127.0.0.1:1"));
    try (EtcdConnection etcd =
            EtcdConnection.open(cluster, cluster.client().interceptor(new InstantServer()));
        RunningWatch watch = etcd.watch("a", "b", 7, listener)) {
      assertThat(told).containsExactly("a1 at 7");

      watch.requestProgress();
      assertThat(told).containsExactly("a1 at 7", "progress to 9");
    }
  }

  /** An etcd that answers before the call that asked it has returned, but not unrequested. */
  private static final class InstantServer implements ClientInterceptor {

    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(
        MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
      return new ClientCall<>() {
        private final Queue<WatchResponse> answers = new ArrayDeque<>();
        private Listener<A> listener;
        private int requested;

        @Override
        public void start(Listener<A> responses, Metadata headers) {
          listener = responses;
        }

        @Override
        public void request(int messages) {
          requested += messages;
          deliver();
        }

        @Override
        public void sendMessage(Q message) {
          if (message instanceof WatchRequest request && request.hasCreateRequest()) {
            answers.add(answer(8).setCreated(true).build());
            answers.add(answer(8).addEvents(put("a1", 7)).build());
          } else if (message instanceof WatchRequest request && request.hasProgressRequest()) {
            answers.add(answer(9).setWatchId(-1).build());
          }
          deliver();
        }

        private void deliver() {
          while (requested > 0 && !answers.isEmpty()) {
            requested--;
            listener.onMessage(method.parseResponse(answers.remove().toByteString().newInput()));
          }
        }

        @Override
        public void halfClose() {}

        @Override
        public void cancel(String message, Throwable cause) {}
      };
    }

    private static WatchResponse.Builder answer(long revision) {
      return WatchResponse.newBuilder()
          .setHeader(ResponseHeader.newBuilder().setRevision(revision));
    }

    private static Event put(String key, long revision) {
      return Event.newBuilder()
          .setType(Event.EventType.PUT)
          .setKv(
              KeyValue.newBuilder().setKey(ByteString.copyFromUtf8(key)).setModRevision(revision))
          .build();
    }
  }
}
