package io.milvus.cdc.catalog;

import com.google.protobuf.ByteString;
import io.milvus.cdc.catalog.v1.CollectionState;
import io.milvus.cdc.catalog.v1.Shard;
import io.milvus.cdc.etcd.EtcdChange;
import io.milvus.cdc.etcd.EtcdConnection;
import io.milvus.cdc.etcd.EtcdUnavailableException;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.SourceCluster;
import io.milvus.cdc.task.StartPositions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Looks into the source's etcd. Safe for use by several threads. */
public final class EtcdCollectionLookup implements CollectionLookup {

  private final EtcdConnection etcd;
  private final String metaPrefix;
  private final Selection selection;

  /** Ids of the databases that existed at the last look. */
  private volatile Set<Long> databases = Set.of(MetadataKey.DEFAULT_DATABASE);

  private EtcdCollectionLookup(EtcdConnection etcd, String metaPrefix, Selection selection) {
    this.etcd = etcd;
    this.metaPrefix = metaPrefix;
    this.selection = selection;
  }

  /** A lookup in a source; it connects when it is first asked. */
  public static EtcdCollectionLookup open(SourceCluster source, Selection selection) {
    return new EtcdCollectionLookup(
        EtcdConnection.open(source.etcd()), source.metaPrefix(), selection);
  }

  @Override
  public Standing standing(long collectionId) throws EtcdUnavailableException {
    // A collection's key names its database, which is not known: one read asks for the key in each
    // database and for the list of databases; a database nobody knew yet makes it ask again.
    while (true) {
      Set<Long> asked = databases;
      List<EtcdChange> found =
          etcd.get(keys(collectionId, asked), metaPrefix + "/" + MetadataKey.DATABASES);
      Set<Long> existing = new HashSet<>();
      existing.add(MetadataKey.DEFAULT_DATABASE);
      for (EtcdChange change : found) {
        Optional<MetadataKey> key =
            MetadataKey.parse(change.key().substring(metaPrefix.length() + 1));
        if (key.isPresent() && key.get() instanceof MetadataKey.Database database) {
          existing.add(database.databaseId());
        }
      }
      databases = Set.copyOf(existing);
      if (asked.containsAll(existing)) {
        return standing(collectionId, found);
      }
    }
  }

  private List<String> keys(long collectionId, Set<Long> databaseIds) {
    List<String> keys = new ArrayList<>();
    keys.add(metaPrefix + "/" + MetadataKey.COLLECTIONS_BEFORE_DATABASES + collectionId);
    for (long database : databaseIds) {
      keys.add(metaPrefix + "/" + MetadataKey.COLLECTIONS + database + "/" + collectionId);
    }
    return keys;
  }

  private Standing standing(long collectionId, List<EtcdChange> found) {
    Catalog catalog = new Catalog(metaPrefix, new StartPositions(Map.of()));
    found.forEach(catalog::apply);
    return catalog
        .nameOfCreatedOrCreating(collectionId)
        .map(
            name ->
                selection.includes(name.database(), name.collection())
                    ? Standing.REPLICATED
                    : Standing.NOT_SELECTED)
        .orElse(Standing.GONE);
  }

  @Override
  public List<ByteString> startPositionsOfLiveCollections(String pchannel)
      throws EtcdUnavailableException {
    List<ByteString> starts = new ArrayList<>();
    for (CollectionState state : SourceSnapshot.read(etcd, metaPrefix, selection).collections()) {
      for (Shard shard : state.getShardsList()) {
        if (shard.getPchannel().equals(pchannel)) {
          starts.add(shard.getStartMessageId());
        }
      }
    }
    return starts;
  }

  @Override
  public void verifyReadable() throws EtcdUnavailableException {
    long unused = etcd.revision(metaPrefix + "/" + MetadataKey.DATABASES);
  }

  @Override
  public void close() {
    etcd.close();
  }
}
