package io.milvus.cdc.catalog;

import com.google.protobuf.ByteString;
import io.milvus.cdc.etcd.EtcdUnavailableException;
import java.util.List;

/**
 * Answers from the source's metadata as it is at the moment of the question, while the events of
 * {@link CatalogSource} may still be on their way.
 */
public interface CollectionLookup extends AutoCloseable {

  /** What becomes of a collection's log messages. */
  enum Standing {
    /** It exists, or is being created, and is selected: it has been announced or will be. */
    REPLICATED,
    /** It exists and is not selected by the task. */
    NOT_SELECTED,
    /** It does not exist, or is being dropped, and never comes back: ids are not used again. */
    GONE
  }

  /**
   * How a collection stands. Not meaningful for a CreateCollection message that was read just now:
   * Milvus 2.3 publishes it before it writes the collection's first metadata key. By the time a row
   * is in the log, its collection's key has been written.
   *
   * @throws EtcdUnavailableException when the source's etcd does not answer within 5 s
   */
  Standing standing(long collectionId) throws EtcdUnavailableException;

  /**
   * Where the selected collections on a topic start in it: serialized Pulsar message ids of their
   * CreateCollection messages, in no order. Lists the whole metadata: for rare questions.
   *
   * @param pchannel a physical channel, for example {@code by-dev-rootcoord-dml_3}
   * @throws EtcdUnavailableException when the source's etcd does not answer
   */
  List<ByteString> startPositionsOfLiveCollections(String pchannel) throws EtcdUnavailableException;

  /**
   * Makes sure that the metadata can be read now.
   *
   * @throws EtcdUnavailableException when the source's etcd does not answer within 5 s, or refuses
   */
  void verifyReadable() throws EtcdUnavailableException;

  @Override
  void close();
}
