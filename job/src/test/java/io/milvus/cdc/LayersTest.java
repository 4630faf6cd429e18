package io.milvus.cdc;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.milvus.cdc.task.PermanentFailure;
import java.io.ObjectInputStream;
import java.util.List;
import org.apache.flink.annotation.Experimental;
import org.apache.flink.annotation.Public;
import org.apache.flink.annotation.PublicEvolving;

@AnalyzeClasses(packages = "io.milvus.cdc", importOptions = ImportOption.DoNotIncludeTests.class)
class LayersTest {

  @ArchTest
  static final ArchRule rolesDependOnEachOtherOneWay =
      layeredArchitecture()
          .consideringOnlyDependenciesInAnyPackage("io.milvus.cdc..")
          .layer("job")
          .definedBy("io.milvus.cdc")
          .layer("target")
          .definedBy("io.milvus.cdc.target")
          .layer("replicate")
          .definedBy("io.milvus.cdc.replicate")
          .layer("log")
          .definedBy("io.milvus.cdc.log")
          .layer("catalog")
          .definedBy("io.milvus.cdc.catalog")
          .whereLayer("job")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("target")
          .mayOnlyBeAccessedByLayers("job")
          .whereLayer("replicate")
          .mayOnlyBeAccessedByLayers("job")
          .whereLayer("log")
          .mayOnlyBeAccessedByLayers("job")
          .whereLayer("catalog")
          .mayOnlyBeAccessedByLayers("job", "replicate", "log");

  @ArchTest
  static final ArchRule orderAndMergingKnowNeitherFlinkNorGrpc =
      noClasses()
          .that()
          .haveSimpleName("Replication")
          .or()
          .haveSimpleName("CollectionOrder")
          .or()
          .haveSimpleName("RowBatch")
          .or()
          .haveSimpleName("Catalog")
          .or()
          .haveSimpleName("MessageDecoder")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.flink..", "io.grpc..");

  /** A failure that no restart cures can only be marked with this one. */
  private static final List<String> ALLOWED_INTERNALS =
      List.of(
          "org.apache.flink.runtime.throwable.ThrowableAnnotation",
          "org.apache.flink.runtime.throwable.ThrowableType");

  @ArchTest
  static final ArchRule onlyFlinksPublicInterfacesAreUsed =
      noClasses()
          .that()
          .resideInAPackage("io.milvus.cdc..")
          .should()
          .dependOnClassesThat(
              describe(
                  "are internal to Flink",
                  javaClass ->
                      javaClass.getPackageName().startsWith("org.apache.flink.")
                          && !ALLOWED_INTERNALS.contains(javaClass.getFullName())
                          && !isPublic(javaClass)));

  @ArchTest
  static final ArchRule failuresThatEndATaskAreOfOneClass =
      classes()
          .that()
          .areAnnotatedWith("org.apache.flink.runtime.throwable.ThrowableAnnotation")
          .should()
          .be(PermanentFailure.class);

  /** What was written by somebody else may be made of any class. */
  @ArchTest
  static final ArchRule noJavaObjectIsDeserialized =
      noClasses().should().dependOnClassesThat().areAssignableTo(ObjectInputStream.class);

  private static boolean isPublic(JavaClass javaClass) {
    return javaClass.isAnnotatedWith(Public.class)
        || javaClass.isAnnotatedWith(PublicEvolving.class)
        || javaClass.isAnnotatedWith(Experimental.class)
        || javaClass.getEnclosingClass().map(LayersTest::isPublic).orElse(false);
  }
}
