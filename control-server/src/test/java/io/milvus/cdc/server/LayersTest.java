package io.milvus.cdc.server;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.io.ObjectInputStream;

@AnalyzeClasses(
    packages = "io.milvus.cdc.server",
    importOptions = ImportOption.DoNotIncludeTests.class)
class LayersTest {

  @ArchTest
  static final ArchRule apiUsesTasksAndTasksUseFlinkAndNeverTheOtherWay =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("process")
          .definedBy("io.milvus.cdc.server")
          .layer("config")
          .definedBy("io.milvus.cdc.server.config..")
          .layer("api")
          .definedBy("io.milvus.cdc.server.api..")
          .layer("tasks")
          .definedBy("io.milvus.cdc.server.tasks..")
          .layer("flink")
          .definedBy("io.milvus.cdc.server.flink..")
          .whereLayer("process")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("config")
          .mayOnlyBeAccessedByLayers("process")
          .whereLayer("api")
          .mayOnlyBeAccessedByLayers("process")
          .whereLayer("tasks")
          .mayOnlyBeAccessedByLayers("process", "api")
          .whereLayer("flink")
          .mayOnlyBeAccessedByLayers("process", "tasks");

  /** What was written by somebody else may be made of any class. */
  @ArchTest
  static final ArchRule noJavaObjectIsDeserialized =
      noClasses().should().dependOnClassesThat().areAssignableTo(ObjectInputStream.class);
}
