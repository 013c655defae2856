package io.capstan.client;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;

/** An immutable sequence of bytes: a key, a value, a causal context. Compared by content. */
public final class Bytes {

  /** No bytes at all. */
  public static final Bytes EMPTY = new Bytes(ByteString.EMPTY);

  private final ByteString bytes;

  private Bytes(ByteString bytes) {
    this.bytes = bytes;
  }

  /** Returns a copy of the array. */
  public static Bytes of(byte[] array) {
    return new Bytes(ByteString.copyFrom(array));
  }

  /** Returns the UTF-8 form of the text. */
  public static Bytes of(String text) {
    return new Bytes(ByteString.copyFromUtf8(text));
  }

  /** Wraps without copying: both are immutable. */
  static Bytes of(ByteString bytes) {
    return bytes.isEmpty() ? EMPTY : new Bytes(bytes);
  }

  ByteString byteString() {
    return bytes;
  }

  /** Returns the number of bytes. */
  public int size() {
    return bytes.size();
  }

  public boolean isEmpty() {
    return bytes.isEmpty();
  }

  /** Whether these bytes are well-formed UTF-8. */
  public boolean isUtf8() {
    return bytes.isValidUtf8();
  }

  /** Returns the bytes as text; what is not UTF-8 becomes U+FFFD. */
  public String utf8() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  /** Returns a new array with the bytes. */
  public byte[] toByteArray() {
    return bytes.toByteArray();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Bytes that && bytes.equals(that.bytes);
  }

  @Override
  public int hashCode() {
    return bytes.hashCode();
  }

  /** The text where it is UTF-8, otherwise only the size: for messages and debuggers. */
  @Override
  public String toString() {
    return isUtf8() ? utf8() : "<" + size() + " bytes>";
  }
}
