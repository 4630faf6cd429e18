package io.milvus.cdc.etcd;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Lets the stream of a watch tell nothing until somebody listens to it. jetcd (0.7.7) asks for a
 * watch first and listens to its stream afterwards; what arrives between the two is lost, and the
 * watch goes on as if it had been told. gRPC hands over no message that was not requested, so the
 * requests are held back.
 */
final class WatchGate implements ClientInterceptor {

  /** The streams that the calling thread has opened behind the gate; empty when it is open. */
  private static final ThreadLocal<List<HeldCall<?, ?>>> HELD = new ThreadLocal<>();

  /** Opens a watch, whose stream tells nothing before this returns. */
  static <T> T hold(Supplier<T> opening) {
    List<HeldCall<?, ?>> calls = new ArrayList<>();
    HELD.set(calls);
    try {
      return opening.get();
    } finally {
      HELD.remove();
      calls.forEach(HeldCall::release);
    }
  }

  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(
      MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
    ClientCall<Q, A> call = next.newCall(method, options);
    List<HeldCall<?, ?>> calls = HELD.get();
    if (calls == null || method.getType() != MethodType.BIDI_STREAMING) {
      return call;
    }
    HeldCall<Q, A> heldCall = new HeldCall<>(call);
    calls.add(heldCall);
    return heldCall;
  }

  private static final class HeldCall<Q, A> extends SimpleForwardingClientCall<Q, A> {
    private boolean released;
    private int requested;

    HeldCall(ClientCall<Q, A> call) {
      super(call);
    }

    @Override
    public void request(int messages) {
      synchronized (this) {
        if (!released) {
          requested += messages;
          return;
        }
      }
      super.request(messages);
    }

    void release() {
      int messages;
      synchronized (this) {
        released = true;
        messages = requested;
      }
      if (messages > 0) {
        super.request(messages);
      }
    }
  }
}
