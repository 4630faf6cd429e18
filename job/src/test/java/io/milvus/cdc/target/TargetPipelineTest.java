package io.milvus.cdc.target;

import static io.milvus.cdc.target.Messages.delete;
import static io.milvus.cdc.target.Messages.insert;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milvus.cdc.event.SourceEvent.CollectionSeen;
import io.milvus.cdc.event.SourceEvent.ReplicatedUntil;
import io.milvus.cdc.target.FaultyMilvus.Fault;
import io.milvus.cdc.task.PermanentFailure;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TargetPipelineTest {

  private FaultyMilvus target;
  private TargetPipeline pipeline;
  private final AtomicInteger inserted = new AtomicInteger();
  private final AtomicInteger retried = new AtomicInteger();

  @BeforeEach
  void connect() throws Exception {
    target = new FaultyMilvus();
    TargetProgress progress =
        new TargetProgress() {
          @Override
          public void inserted(int rows) {
            inserted.addAndGet(rows);
          }

          @Override
          public void deleted(int keys) {}

          @Override
          public void applied(int operations) {}

          @Override
          public void retried() {
            retried.incrementAndGet();
          }
        };
    pipeline =
        new TargetPipeline(new TargetConnection(target.cluster(), "src"), progress, 2, 1 << 20);
    pipeline.submit(new CollectionSeen(Messages.collection("c")));
    pipeline.flush();
  }

  @AfterEach
  void disconnect() throws Exception {
    pipeline.close();
    target.close();
  }

  @Test
  void aLostAcknowledgementDoublesNothing() throws Exception {
    target.faults.add(Fault.ACKNOWLEDGEMENT_LOST);
    pipeline.submit(insert(false, 1, 10, 11));
    pipeline.flush();

    assertThat(target.calls()).containsExactly("insert 2", "upsert 2");
    assertThat(target.rows()).containsOnlyKeys(10L, 11L);
    assertThat(target.doubled()).isZero();
    assertThat(inserted).hasValue(2);
    assertThat(retried).hasValue(1);
    assertThat(pipeline.waitingFor()).isEmpty();
  }

  @Test
  void passingErrorsAreRepeatedInPlaceSoThatOrderHolds() throws Exception {
    target.faults.addAll(List.of(Fault.UNAVAILABLE, Fault.RATE_LIMITED, Fault.UNAVAILABLE));
    pipeline.submit(insert(false, 1, 10));
    pipeline.submit(delete(10));
    pipeline.submit(insert(false, 2, 10));
    pipeline.submit(delete(10));
    pipeline.submit(insert(false, 3, 10));
    pipeline.flush();

    assertThat(target.rows()).containsOnlyKeys(10L).containsEntry(10L, List.of(10f, 3f));
    assertThat(target.doubled()).isZero();
  }

  @Test
  void rowsThatMayBeThereAreUpserted() throws Exception {
    pipeline.submit(insert(true, 1, 10));
    pipeline.flush();
    assertThat(target.calls()).containsExactly("upsert 1");
  }

  @Test
  void aRequestThatCanNeverSucceedEndsThePipelineNamingTheCollection() throws Exception {
    target.faults.add(Fault.INVALID);
    pipeline.submit(insert(false, 1, 10));
    assertThatThrownBy(() -> pipeline.flush())
        .isInstanceOf(PermanentFailure.class)
        .hasMessageContaining("default.c")
        .hasMessageContaining("the dim of field v is wrong");
  }

  @Test
  void progressIsAnnouncedOnceEverythingBeforeItIsAcknowledged() throws Exception {
    pipeline.submit(new ReplicatedUntil(1_000));
    assertThat(pipeline.replicatedUntil()).isEqualTo(1_000);

    for (int i = 0; i < 50; i++) {
      target.faults.add(Fault.UNAVAILABLE);
    }
    pipeline.submit(insert(false, 1, 10));
    pipeline.submit(new ReplicatedUntil(2_000));
    assertThat(pipeline.replicatedUntil()).isEqualTo(1_000);

    target.faults.clear();
    pipeline.flush();
    assertThat(pipeline.replicatedUntil()).isEqualTo(2_000);
  }
}
