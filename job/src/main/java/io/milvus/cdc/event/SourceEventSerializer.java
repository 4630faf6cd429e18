package io.milvus.cdc.event;

import java.io.IOException;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** Moves {@link SourceEvent}s between operators in the layout of {@link SourceEventCodec}. */
public final class SourceEventSerializer extends TypeSerializer<SourceEvent> {

  private static final long serialVersionUID = 1L;

  @Override
  public boolean isImmutableType() {
    return true;
  }

  /** It has no state, so every thread may use the same one. */
  @Override
  public TypeSerializer<SourceEvent> duplicate() {
    return this;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SourceEventSerializer;
  }

  @Override
  public int hashCode() {
    return SourceEventSerializer.class.hashCode();
  }

  @Override
  public SourceEvent createInstance() {
    return new SourceEvent.CatalogProgress(0);
  }

  @Override
  public SourceEvent copy(SourceEvent from) {
    return from;
  }

  @Override
  public SourceEvent copy(SourceEvent from, SourceEvent reuse) {
    return from;
  }

  @Override
  public int getLength() {
    return -1;
  }

  @Override
  public void serialize(SourceEvent event, DataOutputView target) throws IOException {
    SourceEventCodec.write(event, target);
  }

  @Override
  public SourceEvent deserialize(DataInputView source) throws IOException {
    return SourceEventCodec.read(source);
  }

  @Override
  public SourceEvent deserialize(SourceEvent reuse, DataInputView source) throws IOException {
    return SourceEventCodec.read(source);
  }

  @Override
  public void copy(DataInputView source, DataOutputView target) throws IOException {
    SourceEventCodec.write(SourceEventCodec.read(source), target);
  }

  @Override
  public TypeSerializerSnapshot<SourceEvent> snapshotConfiguration() {
    return new Snapshot();
  }

  /** Identifies the serializer in savepoints; a changed layout gets a snapshot of its own. */
  public static final class Snapshot extends SimpleTypeSerializerSnapshot<SourceEvent> {
    public Snapshot() {
      super(SourceEventSerializer::new);
    }
  }
}
