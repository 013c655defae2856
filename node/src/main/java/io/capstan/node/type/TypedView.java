package io.capstan.node.type;

import com.google.protobuf.ByteString;
import io.capstan.node.version.DottedVersionVectorSet;
import io.capstan.node.version.Sibling;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a client is shown of a counter or a set.
 *
 * @param counter the value of a counter, 0 for a set
 * @param members the elements of a set in ascending byte order, none for a counter
 * @param newest its newest sibling, whose dot stands for the version
 */
public record TypedView(ValueType type, long counter, List<ByteString> members, Sibling newest) {

  public TypedView {
    members = List.copyOf(members);
  }

  /** What the key holds of each type; empty for plain values, more than one after a partition. */
  public static List<TypedView> of(DottedVersionVectorSet held) {
    if (!ValueType.anyIn(held)) {
      return List.of();
    }
    List<TypedView> views = new ArrayList<>(1);
    Sibling counter = newest(held, ValueType.COUNTER);
    if (counter != null) {
      views.add(new TypedView(ValueType.COUNTER, Counters.sum(held), List.of(), counter));
    }
    Sibling set = newest(held, ValueType.SET);
    if (set != null) {
      views.add(new TypedView(ValueType.SET, 0, Sets.elements(held), set));
    }
    return views;
  }

  private static @Nullable Sibling newest(DottedVersionVectorSet held, ValueType type) {
    Sibling newest = null;
    for (Sibling sibling : held.siblings()) {
      if (ValueType.of(sibling) == type
          && (newest == null || sibling.writtenAt().compareTo(newest.writtenAt()) >= 0)) {
        newest = sibling;
      }
    }
    return newest;
  }

  /**
   * The value as {@code get} shows it: a counter in decimal, a set as a JSON array of its elements,
   * each one as a string, or as {@code {"base64":"..."}} where it is not UTF-8.
   */
  public ByteString text() {
    if (type == ValueType.COUNTER) {
      return ByteString.copyFromUtf8(Long.toString(counter));
    }
    StringBuilder text = new StringBuilder("[");
    for (ByteString member : members) {
      text.append(text.length() == 1 ? "" : ",");
      if (member.isValidUtf8()) {
        quote(member.toStringUtf8(), text);
      } else {
        text.append("{\"base64\":\"")
            .append(Base64.getEncoder().encodeToString(member.toByteArray()))
            .append("\"}");
      }
    }
    return ByteString.copyFromUtf8(text.append(']').toString());
  }

  private static void quote(String value, StringBuilder text) {
    text.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '"' || c == '\\') {
        text.append('\\').append(c);
      } else if (c < ' ') {
        text.append("\\u00").append(Character.forDigit(c >> 4, 16));
        text.append(Character.forDigit(c & 15, 16));
      } else {
        text.append(c);
      }
    }
    text.append('"');
  }
}
