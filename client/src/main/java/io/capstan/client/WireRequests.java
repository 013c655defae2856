package io.capstan.client;

import io.capstan.proto.store.v1.Comparison;
import io.capstan.proto.store.v1.OperationId;
import io.capstan.proto.store.v1.SessionClaim;
import io.capstan.proto.v1.CreateKeyspaceRequest;
import io.capstan.proto.v1.DeleteRequest;
import io.capstan.proto.v1.GetRequest;
import io.capstan.proto.v1.KeyspaceRef;
import io.capstan.proto.v1.PutRequest;
import io.capstan.proto.v1.ScanRequest;
import io.capstan.proto.v1.TxnDelete;
import io.capstan.proto.v1.TxnGet;
import io.capstan.proto.v1.TxnPut;
import io.capstan.proto.v1.TxnRequest;
import io.capstan.proto.v1.TxnStep;
import org.jspecify.annotations.Nullable;

/** What the client sends: from its own records to messages. */
final class WireRequests {
  private WireRequests() {}

  static KeyspaceRef keyspace(String name, long id, long epoch) {
    return KeyspaceRef.newBuilder().setName(name).setId(id).setEpoch(epoch).build();
  }

  static PutRequest put(Put put, KeyspaceRef keyspace, @Nullable OperationId operation) {
    PutRequest.Builder request =
        PutRequest.newBuilder()
            .setKeyspace(keyspace)
            .setKey(put.key().byteString())
            .setValue(put.value().byteString())
            .setLevel(level(put.level()))
            .setIfAbsent(put.ifAbsent());
    Long ifVersion = put.ifVersion();
    if (ifVersion != null) {
      request.setIfVersion(ifVersion);
    }
    Bytes context = put.context();
    if (context != null) {
      request.setContext(context.byteString());
    }
    if (operation != null) {
      request.setOperation(operation);
    }
    return request.build();
  }

  static GetRequest get(Get get, KeyspaceRef keyspace, @Nullable SessionClaim session) {
    GetRequest.Builder request =
        GetRequest.newBuilder()
            .setKeyspace(keyspace)
            .setKey(get.key().byteString())
            .setLevel(level(get.level()));
    if (session != null) {
      request.setAtLeast(session);
    }
    return request.build();
  }

  static DeleteRequest delete(
      Delete delete, KeyspaceRef keyspace, @Nullable OperationId operation) {
    DeleteRequest.Builder request =
        DeleteRequest.newBuilder()
            .setKeyspace(keyspace)
            .setKey(delete.key().byteString())
            .setLevel(level(delete.level()));
    Long ifVersion = delete.ifVersion();
    if (ifVersion != null) {
      request.setIfVersion(ifVersion);
    }
    Bytes context = delete.context();
    if (context != null) {
      request.setContext(context.byteString());
    }
    if (operation != null) {
      request.setOperation(operation);
    }
    return request.build();
  }

  static ScanRequest scan(Scan scan, KeyspaceRef keyspace, @Nullable SessionClaim session) {
    ScanRequest.Builder request =
        ScanRequest.newBuilder()
            .setKeyspace(keyspace)
            .setPrefix(scan.prefix().byteString())
            .setFrom(scan.from().byteString())
            .setLimit(scan.pageRows())
            .setKeysOnly(scan.keysOnly())
            .setLevel(level(scan.level()));
    if (session != null) {
      request.setAtLeast(session);
    }
    return request.build();
  }

  static TxnRequest txn(Txn txn, KeyspaceRef keyspace, @Nullable OperationId operation) {
    TxnRequest.Builder request = TxnRequest.newBuilder().setKeyspace(keyspace);
    txn.comparisons().forEach(each -> request.addComparisons(comparison(each)));
    txn.thenSteps().forEach(each -> request.addThenSteps(step(each)));
    txn.elseSteps().forEach(each -> request.addElseSteps(step(each)));
    if (operation != null) {
      request.setOperation(operation);
    }
    return request.build();
  }

  private static Comparison comparison(Txn.Compare compare) {
    Comparison.Builder comparison = Comparison.newBuilder().setKey(compare.key().byteString());
    switch (compare) {
      case Txn.Compare.Version version ->
          comparison.setRelation(relation(version.relation())).setVersion(version.version());
      case Txn.Compare.Value value ->
          comparison.setRelation(relation(value.relation())).setValue(value.value().byteString());
      case Txn.Compare.Absent absent -> comparison.setAbsent(true);
    }
    return comparison.build();
  }

  private static Comparison.Relation relation(Txn.Relation relation) {
    return switch (relation) {
      case EQUAL -> Comparison.Relation.RELATION_EQUAL;
      case NOT_EQUAL -> Comparison.Relation.RELATION_NOT_EQUAL;
      case LESS -> Comparison.Relation.RELATION_LESS;
      case GREATER -> Comparison.Relation.RELATION_GREATER;
    };
  }

  private static TxnStep step(Txn.Step step) {
    TxnStep.Builder built = TxnStep.newBuilder();
    switch (step) {
      case Txn.Step.PutStep put -> {
        TxnPut.Builder message =
            TxnPut.newBuilder().setKey(put.key().byteString()).setValue(put.value().byteString());
        Bytes context = put.context();
        if (context != null) {
          message.setContext(context.byteString());
        }
        built.setPut(message);
      }
      case Txn.Step.DeleteStep delete -> {
        TxnDelete.Builder message = TxnDelete.newBuilder().setKey(delete.key().byteString());
        Bytes context = delete.context();
        if (context != null) {
          message.setContext(context.byteString());
        }
        built.setDelete(message);
      }
      case Txn.Step.GetStep get -> built.setGet(TxnGet.newBuilder().setKey(get.key().byteString()));
    }
    return built.build();
  }

  static CreateKeyspaceRequest create(CreateKeyspace create, @Nullable OperationId operation) {
    CreateKeyspaceRequest.Builder request =
        CreateKeyspaceRequest.newBuilder()
            .setName(create.name())
            .setMode(mode(create.mode()))
            .setConflicts(conflicts(create.conflicts()))
            .setMinWrites(level(create.minWrites()));
    if (operation != null) {
      request.setOperation(operation);
    }
    return request.build();
  }

  static io.capstan.proto.store.v1.Mode mode(Mode mode) {
    return switch (mode) {
      case CP -> io.capstan.proto.store.v1.Mode.MODE_CP;
      case AP -> io.capstan.proto.store.v1.Mode.MODE_AP;
    };
  }

  private static io.capstan.proto.store.v1.ConflictPolicy conflicts(
      @Nullable ConflictPolicy policy) {
    if (policy == null) {
      return io.capstan.proto.store.v1.ConflictPolicy.CONFLICT_POLICY_UNSPECIFIED;
    }
    return switch (policy) {
      case SIBLINGS -> io.capstan.proto.store.v1.ConflictPolicy.CONFLICT_POLICY_SIBLINGS;
      case LWW -> io.capstan.proto.store.v1.ConflictPolicy.CONFLICT_POLICY_LWW;
    };
  }

  static io.capstan.proto.store.v1.Level level(@Nullable Level level) {
    if (level == null) {
      return io.capstan.proto.store.v1.Level.LEVEL_UNSPECIFIED;
    }
    return switch (level) {
      case LINEARIZABLE -> io.capstan.proto.store.v1.Level.LEVEL_LINEARIZABLE;
      case STALE -> io.capstan.proto.store.v1.Level.LEVEL_STALE;
      case ONE -> io.capstan.proto.store.v1.Level.LEVEL_ONE;
      case QUORUM -> io.capstan.proto.store.v1.Level.LEVEL_QUORUM;
      case ALL -> io.capstan.proto.store.v1.Level.LEVEL_ALL;
    };
  }
}
