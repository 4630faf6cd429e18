package io.milvus.cdc.event;

import org.apache.flink.api.common.ExecutionConfig;
import org.apache.flink.api.common.serialization.SerializerConfig;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;

/** Tells Flink to move {@link SourceEvent}s with {@link SourceEventSerializer}. */
public final class SourceEventTypeInfo extends TypeInformation<SourceEvent> {

  private static final long serialVersionUID = 1L;

  @Override
  public boolean isBasicType() {
    return false;
  }

  @Override
  public boolean isTupleType() {
    return false;
  }

  @Override
  public int getArity() {
    return 1;
  }

  @Override
  public int getTotalFields() {
    return 1;
  }

  @Override
  public Class<SourceEvent> getTypeClass() {
    return SourceEvent.class;
  }

  @Override
  public boolean isKeyType() {
    return false;
  }

  @Override
  public TypeSerializer<SourceEvent> createSerializer(SerializerConfig config) {
    return new SourceEventSerializer();
  }

  @Override
  @Deprecated
  public TypeSerializer<SourceEvent> createSerializer(ExecutionConfig config) {
    return new SourceEventSerializer();
  }

  @Override
  public String toString() {
    return "SourceEvent";
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SourceEventTypeInfo;
  }

  @Override
  public int hashCode() {
    return SourceEventTypeInfo.class.hashCode();
  }

  @Override
  public boolean canEqual(Object other) {
    return other instanceof SourceEventTypeInfo;
  }
}
