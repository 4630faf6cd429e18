package io.milvus.cdc.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.event.LogMessageHeader.Kind;
import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class SourceEventSerializerTest {

  private static final SourceEventSerializer SERIALIZER = new SourceEventSerializer();

  static Stream<SourceEvent> everyEvent() {
    return Stream.of(
        message(Kind.INSERT, true),
        new SourceEvent.TimeTick("by-dev-rootcoord-dml_3", 470615582799298713L),
        new SourceEvent.CollectionSeen(
            CollectionState.newBuilder().setId(7).setName("ü").putProperties("a", "b").build()),
        new SourceEvent.CollectionGone(7),
        new SourceEvent.DatabaseSeen("db"),
        new SourceEvent.DatabaseGone("db"),
        new SourceEvent.CatalogProgress(1_700_000_000_000L),
        new SourceEvent.ReplicatedUntil(1_700_000_000_000L),
        new SourceEvent.UnreadableMessage("t", 5, 6, 7, "it is garbage"),
        SourceEvent.CollectionStopped.at(1, "t", 5, 6, "it cannot go on"),
        new SourceEvent.CollectionOutside(1, "not selected", true),
        new SourceEvent.FlushRequested("t", 5, 6, "db", List.of("a", "ü"), 470615582799298713L),
        new SourceEvent.Addressed(3, new SourceEvent.TimeTick("t", 1)));
  }

  @ParameterizedTest
  @MethodSource("everyEvent")
  void bringsBackWhatWasWritten(SourceEvent event) throws IOException {
    assertThat(read(write(event))).isEqualTo(event);
  }

  static Stream<SourceEvent> otherEventsOfCollections() {
    return Stream.of(
        new SourceEvent.CollectionGone(7, false),
        new SourceEvent.CollectionOutside(7, "renamed", false),
        SourceEvent.CollectionStopped.byMetadata(7, "renamed", false),
        SourceEvent.CollectionStopped.byMetadata(7, "renamed", true),
        SourceEvent.CollectionStopped.lost(7, "t", 5, 6, "gone"));
  }

  @ParameterizedTest
  @MethodSource("otherEventsOfCollections")
  void bringsBackHowACollectionIsConcerned(SourceEvent event) throws IOException {
    assertThat(read(write(event))).isEqualTo(event);
  }

  @Test
  void everyKindOfEventIsAmongTheExamples() {
    assertThat(everyEvent().map(Object::getClass).distinct())
        .hasSize(SourceEvent.class.getPermittedSubclasses().length);
  }

  @ParameterizedTest
  @EnumSource
  void bringsBackEveryKindOfMessage(Kind kind) throws IOException {
    assertThat(read(write(message(kind, false)))).isEqualTo(message(kind, false));
  }

  @Test
  void theLayoutIsTheOneThatSavepointsHold() throws IOException {
    assertThat(HexFormat.of().formatHex(write(message(Kind.DELETE, true))))
        .isEqualTo(
            "01" // a log message
                + "02" // a delete
                + "000174" // topic "t"
                + "0000000000000005" // ledger
                + "0000000000000006" // entry
                + "0000000000000007" // collection
                + "0003745f76" // vchannel "t_v"
                + "0000000000000008" // timestamp
                + "01" // maybe applied
                + "0000000301027f"); // payload
  }

  @Test
  void refusesWhatItDoesNotKnow() {
    assertThatThrownBy(() -> read(new byte[] {99}))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("tag 99");
  }

  private static SourceEvent message(Kind kind, boolean maybeApplied) {
    return new SourceEvent.LogMessage(
        new LogMessageHeader(kind, "t", 5, 6, 7, "t_v", 8, maybeApplied),
        ByteString.copyFrom(new byte[] {1, 2, 127}));
  }

  private static byte[] write(SourceEvent event) throws IOException {
    DataOutputSerializer out = new DataOutputSerializer(64);
    SERIALIZER.serialize(event, out);
    return out.getCopyOfBuffer();
  }

  private static SourceEvent read(byte[] bytes) throws IOException {
    return SERIALIZER.deserialize(new DataInputDeserializer(bytes));
  }
}
