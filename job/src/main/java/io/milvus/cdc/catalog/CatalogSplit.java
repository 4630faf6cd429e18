package io.milvus.cdc.catalog;

import org.apache.flink.api.connector.source.SourceSplit;

/**
 * The whole metadata of the source: there is one split of it.
 *
 * @param known what its reader has announced
 */
record CatalogSplit(KnownObjects known) implements SourceSplit {

  @Override
  public String splitId() {
    return "catalog";
  }
}
