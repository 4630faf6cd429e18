package io.milvus.cdc.catalog;

import java.util.Set;

/**
 * What has been announced downstream and not been taken back: all that has to be remembered over a
 * restart to notice what was dropped meanwhile.
 *
 * @param collections ids of collections
 * @param databases names of databases
 * @param outside ids of collections that exist and are not followed, whatever they are called by
 *     now
 */
record KnownObjects(Set<Long> collections, Set<String> databases, Set<Long> outside) {

  KnownObjects {
    collections = Set.copyOf(collections);
    databases = Set.copyOf(databases);
    outside = Set.copyOf(outside);
  }

  static KnownObjects none() {
    return new KnownObjects(Set.of(), Set.of(), Set.of());
  }
}
