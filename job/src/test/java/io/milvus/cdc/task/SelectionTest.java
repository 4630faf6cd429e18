package io.milvus.cdc.task;

import static org.assertj.core.api.Assertions.assertThat;

import io.milvus.cdc.task.Selection.Entry;
import io.milvus.cdc.task.Selection.Name;
import io.milvus.cdc.task.Selection.Renaming;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SelectionTest {

  private static final Entry ALL = new Entry("*", "*");
  private static final Renaming WHOLE_D_TO_E = new Renaming("d", "e", Map.of());
  private static final Renaming A_OF_D_TO_B_OF_F = new Renaming("d", "f", Map.of("a", "b"));

  @Test
  void namesStayWithoutARenaming() {
    assertThat(Selection.everything().onTarget("d", "a")).isEqualTo(new Name("d", "a"));
  }

  @Test
  void aNamedCollectionGoesItsOwnWay() {
    Selection selection = new Selection(List.of(ALL), List.of(WHOLE_D_TO_E, A_OF_D_TO_B_OF_F));
    assertThat(selection.onTarget("d", "a")).isEqualTo(new Name("f", "b"));
    assertThat(selection.onTarget("d", "c")).isEqualTo(new Name("e", "c"));
    assertThat(selection.onTarget("x", "a")).isEqualTo(new Name("x", "a"));
  }

  @Test
  void withoutTheWholeDatabaseTheRestStays() {
    Selection selection = new Selection(List.of(ALL), List.of(A_OF_D_TO_B_OF_F));
    assertThat(selection.onTarget("d", "a")).isEqualTo(new Name("f", "b"));
    assertThat(selection.onTarget("d", "c")).isEqualTo(new Name("d", "c"));
  }

  @Test
  void onlyNamesOfSelectedCollectionsAreWritten() {
    Selection selection =
        new Selection(List.of(new Entry("d", "*")), List.of(WHOLE_D_TO_E, A_OF_D_TO_B_OF_F));
    assertThat(selection.writes("e", "c")).isTrue();
    assertThat(selection.writes("f", "b")).isTrue();
    assertThat(selection.writes("d", "c")).isFalse();
    assertThat(selection.writes("f", "c")).isFalse();
    assertThat(Selection.everything().writes("x", "y")).isTrue();
  }

  @Test
  void theTargetGetsTheDatabasesThatItNeedsAndNoOther() {
    Set<String> existing = Set.of("default", "d", "x");
    assertThat(new Selection(List.of(ALL), List.of(A_OF_D_TO_B_OF_F)).databasesOnTarget(existing))
        .containsExactlyInAnyOrder("default", "d", "f", "x");
    assertThat(new Selection(List.of(ALL), List.of(WHOLE_D_TO_E)).databasesOnTarget(existing))
        .containsExactlyInAnyOrder("default", "e", "x");
    assertThat(
            new Selection(List.of(new Entry("d", "a")), List.of(A_OF_D_TO_B_OF_F))
                .databasesOnTarget(existing))
        .containsExactly("f");
    assertThat(
            new Selection(List.of(new Entry("d", "c")), List.of(A_OF_D_TO_B_OF_F))
                .databasesOnTarget(existing))
        .containsExactly("d");
    assertThat(
            new Selection(List.of(new Entry("gone", "*")), List.of(A_OF_D_TO_B_OF_F))
                .databasesOnTarget(existing))
        .isEmpty();
  }

  @Test
  void tasksOverlapByWhatTheyReadAndByWhatTheyWrite() {
    Selection dA = new Selection(List.of(new Entry("d", "a")));
    Selection dAToFB = new Selection(List.of(new Entry("d", "a")), List.of(A_OF_D_TO_B_OF_F));
    Selection allOfDToE = new Selection(List.of(new Entry("d", "*")), List.of(WHOLE_D_TO_E));
    assertThat(dA.overlaps(dA)).isTrue();
    assertThat(dA.overlaps(dAToFB)).as("one collection has one copy").isTrue();
    assertThat(dA.overlaps(allOfDToE)).isTrue();
    assertThat(dA.overlaps(new Selection(List.of(new Entry("d", "b"))))).isFalse();
    assertThat(allOfDToE.overlaps(new Selection(List.of(new Entry("e", "q"))))).isTrue();
    assertThat(dAToFB.overlaps(new Selection(List.of(new Entry("f", "b"))))).isTrue();
    assertThat(dAToFB.overlaps(new Selection(List.of(new Entry("f", "a"))))).isFalse();
    assertThat(Selection.everything().overlaps(dAToFB)).isTrue();
    Selection allOfD = new Selection(List.of(new Entry("d", "*")), List.of(A_OF_D_TO_B_OF_F));
    assertThat(allOfD.overlaps(new Selection(List.of(new Entry("f", "b")))))
        .as("one collection of the database goes there")
        .isTrue();
  }
}
