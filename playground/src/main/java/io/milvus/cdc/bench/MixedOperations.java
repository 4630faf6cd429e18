package io.milvus.cdc.bench;

import io.milvus.cdc.compare.MilvusCluster;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * Operations on one collection, the same for the same seed: 70 % inserts of 1 to 100 rows, 20 %
 * upserts of 1 to 10, 10 % deletes of 1 to 10.
 */
final class MixedOperations {

  /** So many rows are written in one merged call at most. */
  static final int MOST_MERGED = 10_000;

  private enum Kind {
    INSERT,
    UPSERT,
    DELETE
  }

  private record Operation(Kind kind, long from, int rows) {}

  private final List<Operation> operations = new ArrayList<>();
  private final Set<Long> living = new HashSet<>();

  MixedOperations(int number, long seed) {
    Random random = new Random(seed);
    long next = 0;
    for (int i = 0; i < number; i++) {
      int die = random.nextInt(10);
      Operation operation;
      if (die < 7 || next == 0) {
        operation = new Operation(Kind.INSERT, next, 1 + random.nextInt(100));
        next += operation.rows();
      } else {
        operation =
            new Operation(
                die < 9 ? Kind.UPSERT : Kind.DELETE, random.nextLong(next), 1 + random.nextInt(10));
        next = Math.max(next, die < 9 ? operation.from() + operation.rows() : next);
      }
      operations.add(operation);
      if (operation.kind() == Kind.DELETE) {
        keys(operation).forEach(living::remove);
      } else {
        living.addAll(keys(operation));
      }
    }
  }

  private static List<Long> keys(Operation operation) {
    return LongStream.range(operation.from(), operation.from() + operation.rows()).boxed().toList();
  }

  /** How many rows there are at the end. */
  int rowsAtTheEnd() {
    return living.size();
  }

  /** How many rows are written, more than once where one is upserted. */
  long rowsWritten() {
    return operations.stream()
        .filter(operation -> operation.kind() != Kind.DELETE)
        .mapToLong(Operation::rows)
        .sum();
  }

  /** Does them as they are, one call each. */
  void run(MilvusCluster source, BenchTable table) {
    for (Operation operation : operations) {
      switch (operation.kind()) {
        case INSERT -> table.insert(source, operation.from(), operation.rows());
        case UPSERT -> table.upsert(source, operation.from(), operation.rows());
        case DELETE -> table.delete(source, keys(operation));
      }
    }
  }

  /**
   * Does them in large calls with the same outcome: deletes first, then inserts, as long as no key
   * of the inserts is deleted again; an upsert is a delete and an insert.
   */
  void runMerged(MilvusCluster target, BenchTable table) {
    Set<Long> deletes = new LinkedHashSet<>();
    Set<Long> inserts = new LinkedHashSet<>();
    for (Operation operation : operations) {
      List<Long> keys = keys(operation);
      boolean full =
          inserts.size() + keys.size() > MOST_MERGED || deletes.size() + keys.size() > MOST_MERGED;
      boolean again = operation.kind() != Kind.INSERT && keys.stream().anyMatch(inserts::contains);
      if (full || again) {
        write(target, table, deletes, inserts);
      }
      if (operation.kind() != Kind.INSERT) {
        deletes.addAll(keys);
      }
      if (operation.kind() != Kind.DELETE) {
        inserts.addAll(keys);
      }
    }
    write(target, table, deletes, inserts);
  }

  private static void write(
      MilvusCluster target, BenchTable table, Set<Long> deletes, Set<Long> inserts) {
    if (!deletes.isEmpty()) {
      table.delete(target, deletes);
    }
    if (!inserts.isEmpty()) {
      table.insert(target, List.copyOf(inserts));
    }
    deletes.clear();
    inserts.clear();
  }
}
