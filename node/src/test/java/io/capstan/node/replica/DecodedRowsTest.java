package io.capstan.node.replica;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.capstan.proto.store.v1.StoredSibling;
import io.capstan.proto.store.v1.StoredValue;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Rows that were decoded or written lately")
final class DecodedRowsTest {
  private static final long KEYSPACE = 3;
  private static final byte[] KEY = bytes("key");

  private final DecodedRows rows = new DecodedRows();

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static StoredValue value(String text) {
    return StoredValue.newBuilder()
        .addSiblings(StoredSibling.newBuilder().setValue(ByteString.copyFromUtf8(text)))
        .build();
  }

  @Test
  @DisplayName("are the same object as long as the bytes are the same, large or small")
  void known() throws InvalidProtocolBufferException {
    for (String text : new String[] {"small", "x".repeat(100_000)}) {
      StoredValue written = value(text);
      byte[] row = rows.encode(KEYSPACE, KEY, written);
      assertThat(rows.of(KEYSPACE, KEY, row.clone())).isSameAs(written);
    }
  }

  @Test
  @DisplayName("mean what their bytes say, whatever stood under the key before")
  void replaced() throws InvalidProtocolBufferException {
    byte[] old = rows.encode(KEYSPACE, KEY, value("old"));
    byte[] now = rows.encode(KEYSPACE, KEY, value("now"));
    assertThat(rows.of(KEYSPACE, KEY, old)).isEqualTo(value("old"));
    assertThat(rows.of(KEYSPACE, KEY, now)).isEqualTo(value("now"));
    // Under another key or in another keyspace the same bytes mean the same.
    assertThat(rows.of(KEYSPACE, bytes("other"), now)).isEqualTo(value("now"));
    assertThat(rows.of(KEYSPACE + 1, KEY, old)).isEqualTo(value("old"));
  }

  @Test
  @DisplayName("are decoded anew where too many large ones came after them, or one is too large")
  void forgotten() throws InvalidProtocolBufferException {
    StoredValue first = value("f".repeat(1 << 20));
    byte[] row = rows.encode(KEYSPACE, KEY, first);
    for (int i = 0; i < 64; i++) {
      rows.encode(KEYSPACE, bytes("other" + i), value("o".repeat(1 << 20)));
    }
    assertThat(rows.of(KEYSPACE, KEY, row)).isEqualTo(first).isNotSameAs(first);

    StoredValue huge = value("h".repeat(3 << 20));
    byte[] hugeRow = rows.encode(KEYSPACE, KEY, huge);
    assertThat(rows.of(KEYSPACE, KEY, hugeRow)).isEqualTo(huge).isNotSameAs(huge);
  }
}
