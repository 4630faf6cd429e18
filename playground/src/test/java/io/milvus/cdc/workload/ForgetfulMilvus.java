package io.milvus.cdc.workload;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.ServerCalls;
import io.milvus.grpc.CollectionSchema;
import io.milvus.grpc.CreateCollectionRequest;
import io.milvus.grpc.CreateDatabaseRequest;
import io.milvus.grpc.CreateIndexRequest;
import io.milvus.grpc.DescribeCollectionRequest;
import io.milvus.grpc.DescribeCollectionResponse;
import io.milvus.grpc.DescribeIndexRequest;
import io.milvus.grpc.DescribeIndexResponse;
import io.milvus.grpc.DropCollectionRequest;
import io.milvus.grpc.DropIndexRequest;
import io.milvus.grpc.GetLoadStateResponse;
import io.milvus.grpc.IDs;
import io.milvus.grpc.IndexDescription;
import io.milvus.grpc.InsertRequest;
import io.milvus.grpc.ListDatabasesResponse;
import io.milvus.grpc.LoadState;
import io.milvus.grpc.LongArray;
import io.milvus.grpc.MilvusServiceGrpc;
import io.milvus.grpc.MutationResult;
import io.milvus.grpc.RenameCollectionRequest;
import io.milvus.grpc.ShowCollectionsRequest;
import io.milvus.grpc.ShowCollectionsResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;

/**
 * A source on a real connection that knows which collections it has and which of them have an index
 * on their vector, says yes to everything else, and loses the answer to a call as one does that is
 * killed when it has just done it.
 */
final class ForgetfulMilvus implements AutoCloseable {

  private static final byte[] SUCCESS = {};

  private final Server server;
  private final List<String> databases = new ArrayList<>(List.of("default"));
  private final Map<Name, CollectionSchema> collections = new TreeMap<>();
  private final List<Name> indexed = new ArrayList<>();
  private String losing = "";
  private boolean hasLost;

  /** Of a collection. */
  private record Name(String database, String collection) implements Comparable<Name> {

    @Override
    public int compareTo(Name other) {
      return toString().compareTo(other.toString());
    }
  }

  ForgetfulMilvus() {
    try {
      server =
          Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
              .addService(everything())
              .build()
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  int port() {
    return server.getPort();
  }

  /** Does the next call of a method without telling its client. */
  synchronized void loseFirstAnswerTo(String method) {
    losing = method;
  }

  /** Whether there was such a call. */
  synchronized boolean hasLost() {
    return hasLost;
  }

  synchronized List<String> collectionsWithoutIndex() {
    return collections.keySet().stream()
        .filter(name -> !indexed.contains(name))
        .map(Name::toString)
        .toList();
  }

  private synchronized byte[] done(String method, byte[] request)
      throws InvalidProtocolBufferException {
    byte[] answer = answer(method, request);
    if (method.equals(losing)) {
      losing = "";
      hasLost = true;
      throw Status.UNAVAILABLE
          .withDescription("Network closed for unknown reason")
          .asRuntimeException();
    }
    return answer;
  }

  private byte[] answer(String method, byte[] request) throws InvalidProtocolBufferException {
    return switch (method) {
      case "ListDatabases" ->
          bytes(ListDatabasesResponse.newBuilder().addAllDbNames(databases).build());
      case "CreateDatabase" -> {
        String name = CreateDatabaseRequest.parseFrom(request).getDbName();
        if (databases.contains(name)) {
          yield refused("database already exist");
        }
        databases.add(name);
        yield SUCCESS;
      }
      case "ShowCollections" -> {
        String database = ShowCollectionsRequest.parseFrom(request).getDbName();
        ShowCollectionsResponse.Builder answer = ShowCollectionsResponse.newBuilder();
        collections.keySet().stream()
            .filter(name -> name.database().equals(database))
            .forEach(name -> answer.addCollectionNames(name.collection()));
        yield bytes(answer.build());
      }
      case "CreateCollection" -> {
        CreateCollectionRequest created = CreateCollectionRequest.parseFrom(request);
        Name name = new Name(created.getDbName(), created.getCollectionName());
        if (collections.containsKey(name)) {
          // As Milvus 2.3.5 after a restart, also to the very same request.
          yield refused("create duplicate collection with different parameters");
        }
        collections.put(name, CollectionSchema.parseFrom(created.getSchema()));
        yield SUCCESS;
      }
      case "DropCollection" -> {
        DropCollectionRequest dropped = DropCollectionRequest.parseFrom(request);
        Name name = new Name(dropped.getDbName(), dropped.getCollectionName());
        collections.remove(name);
        indexed.remove(name);
        yield SUCCESS;
      }
      case "RenameCollection" -> {
        RenameCollectionRequest renamed = RenameCollectionRequest.parseFrom(request);
        Name before = new Name(renamed.getDbName(), renamed.getOldName());
        Name after = new Name(renamed.getNewDBName(), renamed.getNewName());
        collections.put(after, collections.remove(before));
        if (indexed.remove(before)) {
          indexed.add(after);
        }
        yield SUCCESS;
      }
      case "DescribeCollection" -> {
        DescribeCollectionRequest asked = DescribeCollectionRequest.parseFrom(request);
        yield bytes(
            DescribeCollectionResponse.newBuilder()
                .setSchema(collections.get(new Name(asked.getDbName(), asked.getCollectionName())))
                .build());
      }
      case "CreateIndex" -> {
        CreateIndexRequest created = CreateIndexRequest.parseFrom(request);
        if (created.getFieldName().equals(AllTypes.VECTOR)) {
          indexed.add(new Name(created.getDbName(), created.getCollectionName()));
        }
        yield SUCCESS;
      }
      case "DropIndex" -> {
        DropIndexRequest dropped = DropIndexRequest.parseFrom(request);
        if (dropped.getFieldName().equals(AllTypes.VECTOR)) {
          indexed.remove(new Name(dropped.getDbName(), dropped.getCollectionName()));
        }
        yield SUCCESS;
      }
      case "DescribeIndex" -> {
        DescribeIndexRequest asked = DescribeIndexRequest.parseFrom(request);
        // As Milvus 2.3 to 2.5: all indexes of the collection, whatever field is asked for.
        DescribeIndexResponse.Builder answer =
            DescribeIndexResponse.newBuilder().addIndexDescriptions(indexOf("varchar"));
        if (indexed.contains(new Name(asked.getDbName(), asked.getCollectionName()))) {
          answer.addIndexDescriptions(indexOf(AllTypes.VECTOR));
        }
        yield bytes(answer.build());
      }
      case "GetLoadState" ->
          bytes(GetLoadStateResponse.newBuilder().setState(LoadState.LoadStateLoaded).build());
      case "Insert" -> {
        LongArray.Builder keys = LongArray.newBuilder();
        LongStream.range(0, InsertRequest.parseFrom(request).getNumRows()).forEach(keys::addData);
        yield bytes(MutationResult.newBuilder().setIDs(IDs.newBuilder().setIntId(keys)).build());
      }
      default -> SUCCESS;
    };
  }

  private static IndexDescription indexOf(String field) {
    return IndexDescription.newBuilder().setFieldName(field).build();
  }

  private static byte[] refused(String reason) {
    return bytes(io.milvus.grpc.Status.newBuilder().setCode(1).setReason(reason).build());
  }

  private static byte[] bytes(MessageLite message) {
    return message.toByteArray();
  }

  private ServerServiceDefinition everything() {
    ServerServiceDefinition.Builder service =
        ServerServiceDefinition.builder(MilvusServiceGrpc.getServiceDescriptor());
    MilvusServiceGrpc.getServiceDescriptor()
        .getMethods()
        .forEach(method -> service.addMethod(answering(method)));
    return service.build();
  }

  private <Q, A> ServerMethodDefinition<Q, A> answering(MethodDescriptor<Q, A> method) {
    return ServerMethodDefinition.create(
        method,
        ServerCalls.asyncUnaryCall(
            (request, out) -> {
              try (InputStream sent = method.streamRequest(request)) {
                byte[] answer = done(method.getBareMethodName(), sent.readAllBytes());
                out.onNext(method.parseResponse(new ByteArrayInputStream(answer)));
                out.onCompleted();
              } catch (IOException | RuntimeException e) {
                out.onError(Status.fromThrowable(e).asRuntimeException());
              }
            }));
  }

  @Override
  public void close() {
    server.shutdownNow();
  }
}
