package io.capstan.node.version;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.capstan.node.version.ContextToken.Decoded;
import io.capstan.node.version.ContextToken.Reason;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A context token")
class ContextTokenTest {

  private static final ByteString KEY = ByteString.copyFromUtf8("cart:42");
  private static final VersionVector SEEN =
      VersionVector.EMPTY.with(new Dot(new Actor("n1", 5), 3)).with(new Dot(new Actor("n2", 6), 4));
  private static final ByteString TOKEN = ContextToken.encode(7, 2, KEY, SEEN);

  private static Reason refusal(ByteString token, long keyspaceId, ByteString key) {
    return ((Decoded.Refused) ContextToken.decode(token, keyspaceId, key)).reason();
  }

  @Test
  void comesBackAsItWasGiven() {
    assertThat(ContextToken.decode(TOKEN, 7, KEY)).isEqualTo(new Decoded.Valid(SEEN, 2));
    ByteString nothing = ContextToken.encode(7, 2, KEY, VersionVector.EMPTY);
    assertThat(ContextToken.decode(nothing, 7, KEY))
        .isEqualTo(new Decoded.Valid(VersionVector.EMPTY, 2));
  }

  @Test
  @DisplayName("carries the latest timestamp that was read, where there is one")
  void carriesATimestamp() {
    HybridTimestamp newest = new HybridTimestamp(1_700_000_000_000L, -1);
    ByteString timed = ContextToken.encode(7, 2, KEY, SEEN, newest);

    assertThat(ContextToken.decode(timed, 7, KEY)).isEqualTo(new Decoded.Valid(SEEN, 2, newest));
    for (int length = 0; length < timed.size(); length++) {
      assertThat(refusal(timed.substring(0, length), 7, KEY)).isEqualTo(Reason.GARBLED);
    }
  }

  @Test
  void isRefusedForAnotherKeyAndAnotherKeyspace() {
    assertThat(refusal(TOKEN, 7, ByteString.copyFromUtf8("cart:43"))).isEqualTo(Reason.WRONG_KEY);
    assertThat(refusal(TOKEN, 8, KEY)).isEqualTo(Reason.WRONG_KEYSPACE);
  }

  @Test
  void isRefusedWhenAnyBitChangedOrAnythingIsMissing() {
    byte[] bytes = TOKEN.toByteArray();
    for (int bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit / 8] ^= (byte) (1 << bit % 8);
      assertThat(refusal(ByteString.copyFrom(bytes), 7, KEY)).isEqualTo(Reason.GARBLED);
      bytes[bit / 8] ^= (byte) (1 << bit % 8);
    }
    for (int length = 0; length < bytes.length; length++) {
      assertThat(refusal(TOKEN.substring(0, length), 7, KEY)).isEqualTo(Reason.GARBLED);
    }
    assertThat(refusal(ByteString.copyFromUtf8("not a token, just some text"), 7, KEY))
        .isEqualTo(Reason.GARBLED);
  }
}
