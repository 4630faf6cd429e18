package io.milvus.cdc.catalog;

import static io.milvus.cdc.catalog.TestingMetadata.collection;
import static io.milvus.cdc.catalog.TestingMetadata.collectionKey;
import static io.milvus.cdc.catalog.TestingMetadata.database;
import static io.milvus.cdc.catalog.TestingMetadata.field;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.MessageLite;
import io.milvus.cdc.catalog.etcd.ObjectState;
import io.milvus.cdc.etcd.EtcdChange;
import io.milvus.cdc.event.SourceEvent;
import io.milvus.cdc.event.SourceEvent.CollectionGone;
import io.milvus.cdc.event.SourceEvent.CollectionOutside;
import io.milvus.cdc.event.SourceEvent.CollectionSeen;
import io.milvus.cdc.event.SourceName;
import io.milvus.cdc.task.Selection;
import io.milvus.cdc.task.StartPositions;
import io.milvus.grpc.DataType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AnnouncementsTest {

  private static final Selection ONLY_A =
      new Selection(List.of(new Selection.Entry("default", "a")));

  private final Catalog catalog = new Catalog("by-dev/meta", new StartPositions(Map.of()));
  private long revision = 10;

  AnnouncementsTest() {
    put("root-coord/database/db-info/1", database(1, "default"));
  }

  @Test
  void aCollectionRenamedOutOfTheSelectionIsNotGone() {
    Announcements announcements = new Announcements(ONLY_A, KnownObjects.none(), Set.of());
    name(5, "a");
    assertThat(told(announcements)).hasSize(1).first().isInstanceOf(CollectionSeen.class);

    name(5, "b");
    assertThat(told(announcements))
        .singleElement()
        .isInstanceOfSatisfying(
            CollectionOutside.class,
            outside -> {
              assertThat(outside.reason()).contains("default.b", "its copy stays");
              assertThat(outside.isSelected()).isFalse();
            });

    name(5, "a");
    assertThat(told(announcements))
        .as("what it got under the other name is not known")
        .singleElement()
        .isInstanceOf(CollectionOutside.class);
    remove(5);
    assertThat(told(announcements)).containsExactly(new CollectionGone(5, false));
  }

  @Test
  void aCollectionThatWasFollowedIsGoneAsSuch() {
    Announcements announcements = new Announcements(ONLY_A, KnownObjects.none(), Set.of());
    name(5, "a");
    assertThat(told(announcements)).hasSize(1);
    remove(5);
    assertThat(told(announcements)).containsExactly(new CollectionGone(5, true));
  }

  @Test
  void aCollectionRenamedIntoTheSelectionIsNotFollowed() {
    Announcements announcements = new Announcements(ONLY_A, KnownObjects.none(), Set.of());
    name(5, "b");
    assertThat(told(announcements)).containsExactly(new CollectionOutside(5, "", false));
    assertThat(told(announcements)).isEmpty();

    name(5, "a");
    assertThat(told(announcements))
        .singleElement()
        .isInstanceOfSatisfying(
            CollectionOutside.class,
            outside -> {
              assertThat(outside.reason()).contains("default.a", "task anew");
              assertThat(outside.isSelected()).isTrue();
            });
  }

  @Test
  void aRestartRemembersWhoIsFollowed() {
    Announcements announcements =
        new Announcements(ONLY_A, new KnownObjects(Set.of(5L), Set.of(), Set.of(6L, 7L)), Set.of());
    name(5, "b");
    name(6, "a");
    List<SourceEvent> told = announcements.afterListing(catalog);
    assertThat(told)
        .filteredOn(CollectionOutside.class::isInstance)
        .extracting(event -> ((CollectionOutside) event).collectionId())
        .containsExactlyInAnyOrder(5L, 6L);
    assertThat(told)
        .contains(new CollectionGone(7, false))
        .noneMatch(CollectionSeen.class::isInstance);
  }

  @Test
  void namesOnTheTargetAreTold() {
    Selection renamed =
        new Selection(
            List.of(new Selection.Entry("default", "*")),
            List.of(
                new Selection.Renaming("default", "other", Map.of()),
                new Selection.Renaming("default", "third", Map.of("a", "b"))));
    Announcements announcements = new Announcements(renamed, KnownObjects.none(), Set.of());
    name(5, "a");
    name(6, "c");
    List<SourceEvent> told = announcements.afterListing(catalog);
    assertThat(told)
        .filteredOn(SourceEvent.DatabaseSeen.class::isInstance)
        .containsExactlyInAnyOrder(
            new SourceEvent.DatabaseSeen("other"), new SourceEvent.DatabaseSeen("third"));
    assertThat(names(told)).containsExactlyInAnyOrder("third.b", "other.c");
    assertThat(told)
        .filteredOn(CollectionSeen.class::isInstance)
        .extracting(event -> SourceName.of(((CollectionSeen) event).state()).toString())
        .containsExactlyInAnyOrder("default.a", "default.c");
    assertThat(told(announcements)).as("told once").isEmpty();

    name(6, "d");
    assertThat(names(told(announcements))).containsExactly("other.d");
  }

  @Test
  void theSecondOfTwoWithOneNameOnTheTargetIsNotFollowed() {
    Selection renamed =
        new Selection(
            List.of(new Selection.Entry("default", "*")),
            List.of(new Selection.Renaming("default", "default", Map.of("a", "b"))));
    Announcements announcements = new Announcements(renamed, KnownObjects.none(), Set.of());
    name(5, "a");
    name(6, "b");
    List<SourceEvent> told = told(announcements);
    assertThat(names(told)).containsExactly("default.b");
    assertThat(told)
        .filteredOn(CollectionOutside.class::isInstance)
        .singleElement()
        .isInstanceOfSatisfying(
            CollectionOutside.class,
            outside -> {
              assertThat(outside.collectionId()).isEqualTo(6);
              assertThat(outside.reason())
                  .contains("default.b on the source", "the copy of default.a", "name_mapping");
            });

    name(7, "c");
    assertThat(names(told(announcements))).containsExactly("default.c");
    name(7, "b2");
    assertThat(names(told(announcements))).containsExactly("default.b2");
  }

  private static List<String> names(List<SourceEvent> told) {
    return told.stream()
        .filter(CollectionSeen.class::isInstance)
        .map(event -> ((CollectionSeen) event).state())
        .map(state -> state.getDatabase() + "." + state.getName())
        .toList();
  }

  private List<SourceEvent> told(Announcements announcements) {
    return announcements.afterChanges(catalog, catalog.takeChanges()).stream()
        .filter(event -> !(event instanceof SourceEvent.DatabaseSeen))
        .toList();
  }

  private void name(long id, String name) {
    put("root-coord/fields/" + id + "/100", field(100, "id", DataType.Int64));
    put(collectionKey(1, id), collection(id, name, ObjectState.CREATED));
  }

  private void remove(long id) {
    catalog.apply(
        new EtcdChange("by-dev/meta/" + collectionKey(1, id), Optional.empty(), revision++));
  }

  private void put(String key, MessageLite value) {
    catalog.apply(
        new EtcdChange("by-dev/meta/" + key, Optional.of(value.toByteString()), revision++));
  }
}
