package io.capstan.chaos.check.format;

import io.capstan.chaos.check.Keyword;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads forms of the extensible data notation (github.com/edn-format/edn) into the values of a
 * history. Tags are looked through: {@code #jepsen.history.Op{...}} is the map; only {@code
 * #independent/tuple [k v]}, under each of its names, keeps its meaning. A symbol is read as a
 * string. Not safe for several threads.
 */
final class EdnParser {
  /** Deeper nesting is refused; no history needs it, and the stack is finite. */
  private static final int DEPTH_MAX = 200;

  /** What {@link #next()} returns when only white space is left. */
  static final Object END = new Object();

  private static final Object CLOSE = new Object();
  private static final Object SKIP = new Object();

  private final String text;
  private int at;
  private int depth;

  EdnParser(String text) {
    this.text = text;
  }

  /**
   * An independent key with its value.
   *
   * @param key the key
   * @param value the value of the operation on that key
   */
  record Tuple(@Nullable Object key, @Nullable Object value) {}

  /** Text that is no EDN. */
  static final class EdnException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Offset of the character at which it was noticed. */
    final int offset;

    /** Whether the text only ended too early. */
    final boolean atEnd;

    EdnException(String message, int offset, boolean atEnd) {
      super(message);
      this.offset = offset;
      this.atEnd = atEnd;
    }
  }

  /** Offset of the next character. */
  int offset() {
    return at;
  }

  /** Moves past white space and comments to the next form. */
  void skipBlank() {
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c == ';') {
        int end = text.indexOf('\n', at);
        at = end < 0 ? text.length() : end;
      } else if (Character.isWhitespace(c) || c == ',') {
        at++;
      } else {
        return;
      }
    }
  }

  /** Moves past white space and tags, such as that of a whole history, but not into a set. */
  void skipTags() {
    skipBlank();
    while (at + 1 < text.length()
        && text.charAt(at) == '#'
        && text.charAt(at + 1) != '{'
        && text.charAt(at + 1) != '_') {
      at++;
      readToken();
      skipBlank();
    }
  }

  /** Whether this character comes next; if so it is consumed. */
  boolean consume(char expected) {
    skipBlank();
    if (at < text.length() && text.charAt(at) == expected) {
      at++;
      return true;
    }
    return false;
  }

  /** The next form, or {@link #END}. */
  @Nullable Object next() throws EdnException {
    while (true) {
      Object form = read();
      if (form == CLOSE) {
        throw error("a closing bracket without its opening one");
      }
      if (form != SKIP) {
        return form;
      }
    }
  }

  private @Nullable Object read() throws EdnException {
    skipBlank();
    if (at >= text.length()) {
      return END;
    }
    char c = text.charAt(at);
    switch (c) {
      case '(', '[' -> {
        at++;
        return readUntil(c == '(' ? ')' : ']', new ArrayList<>());
      }
      case '{' -> {
        at++;
        return readMap();
      }
      case ')', ']', '}' -> {
        return CLOSE;
      }
      case '"' -> {
        at++;
        return readString();
      }
      case ':' -> {
        at++;
        String name = readToken();
        if (name.isEmpty()) {
          throw error("a keyword without a name");
        }
        return new Keyword(name);
      }
      case '\\' -> {
        return readCharacter();
      }
      case '#' -> {
        at++;
        return readDispatch();
      }
      default -> {
        return readAtom();
      }
    }
  }

  private <C extends java.util.Collection<@Nullable Object>> C readUntil(char close, C target)
      throws EdnException {
    enter();
    while (true) {
      Object form = read();
      if (form == END) {
        throw new EdnException("it ends before its closing '" + close + "'", at, true);
      }
      if (form == CLOSE) {
        if (text.charAt(at) != close) {
          throw error("'" + text.charAt(at) + "' where '" + close + "' was expected");
        }
        at++;
        depth--;
        return target;
      }
      if (form != SKIP) {
        target.add(form);
      }
    }
  }

  private void enter() throws EdnException {
    if (++depth > DEPTH_MAX) {
      throw error("nested deeper than " + DEPTH_MAX);
    }
  }

  private Map<@Nullable Object, @Nullable Object> readMap() throws EdnException {
    List<@Nullable Object> flat = readUntil('}', new ArrayList<>());
    if (flat.size() % 2 != 0) {
      throw error("a map with a key that has no value");
    }
    Map<@Nullable Object, @Nullable Object> map = new LinkedHashMap<>(flat.size());
    for (int i = 0; i < flat.size(); i += 2) {
      if (map.containsKey(flat.get(i))) {
        throw error("a map with the key " + flat.get(i) + " twice");
      }
      map.put(flat.get(i), flat.get(i + 1));
    }
    return map;
  }

  private @Nullable Object readDispatch() throws EdnException {
    if (at >= text.length()) {
      throw new EdnException("it ends after '#'", at, true);
    }
    char c = text.charAt(at);
    if (c == '{') {
      at++;
      Set<@Nullable Object> set = readUntil('}', new LinkedHashSet<>());
      return set;
    }
    if (c == '_') {
      at++;
      readTagged("#_");
      return SKIP;
    }
    String tag = readToken();
    if (tag.isEmpty()) {
      throw error("'#' without a tag");
    }
    switch (tag) {
      case "#Inf" -> {
        return Double.POSITIVE_INFINITY;
      }
      case "#-Inf" -> {
        return Double.NEGATIVE_INFINITY;
      }
      case "#NaN" -> {
        return Double.NaN;
      }
      default -> {
        // A tag like others.
      }
    }
    Object value = readTagged("#" + tag);
    boolean tuple =
        tag.equals("independent/tuple")
            || tag.endsWith("independent.Tuple")
            || tag.endsWith("MapEntry");
    if (tuple && value instanceof List<?> pair && pair.size() == 2) {
      return new Tuple(pair.get(0), pair.get(1));
    }
    if (tuple && value instanceof Map<?, ?> map && map.containsKey(new Keyword("key"))) {
      return new Tuple(map.get(new Keyword("key")), map.get(new Keyword("value")));
    }
    return value;
  }

  private @Nullable Object readTagged(String tag) throws EdnException {
    enter();
    Object value = SKIP;
    while (value == SKIP) {
      value = read();
    }
    depth--;
    if (value == END) {
      throw new EdnException("it ends after " + tag, at, true);
    }
    if (value == CLOSE) {
      throw error("nothing after " + tag);
    }
    return value;
  }

  private String readString() throws EdnException {
    StringBuilder string = new StringBuilder();
    while (at < text.length()) {
      char c = text.charAt(at++);
      if (c == '"') {
        return string.toString();
      }
      string.append(c == '\\' ? readEscape() : c);
    }
    throw new EdnException("it ends inside a string", at, true);
  }

  private char readEscape() throws EdnException {
    if (at >= text.length()) {
      throw new EdnException("it ends inside a string", at, true);
    }
    char c = text.charAt(at++);
    return switch (c) {
      case 'n' -> '\n';
      case 't' -> '\t';
      case 'r' -> '\r';
      case 'b' -> '\b';
      case 'f' -> '\f';
      case '"', '\\' -> c;
      case 'u' -> readHexadecimal();
      default -> throw error("an unknown escape \\" + c + " in a string");
    };
  }

  private char readHexadecimal() throws EdnException {
    if (at + 4 > text.length()) {
      throw new EdnException("it ends inside a string", at, true);
    }
    int code = 0;
    for (int i = 0; i < 4; i++) {
      int digit = Character.digit(text.charAt(at++), 16);
      if (digit < 0) {
        throw error("an escape \\u without four hexadecimal digits");
      }
      code = code * 16 + digit;
    }
    return (char) code;
  }

  private String readCharacter() throws EdnException {
    at++;
    if (at >= text.length()) {
      throw new EdnException("it ends inside a character", at, true);
    }
    int start = at++;
    String name = text.charAt(start) + readToken();
    return switch (name) {
      case "newline" -> "\n";
      case "space" -> " ";
      case "tab" -> "\t";
      case "return" -> "\r";
      default -> {
        if (name.length() != 1) {
          throw error("an unknown character \\" + name);
        }
        yield name;
      }
    };
  }

  private String readToken() {
    int start = at;
    while (at < text.length() && !endsToken(text.charAt(at))) {
      at++;
    }
    return text.substring(start, at);
  }

  private static boolean endsToken(char c) {
    return Character.isWhitespace(c) || ",;()[]{}\"".indexOf(c) >= 0;
  }

  private @Nullable Object readAtom() throws EdnException {
    int start = at;
    String token = readToken();
    if (token.isEmpty()) {
      throw error("a character that starts nothing");
    }
    char c = token.charAt(0);
    boolean signed = (c == '-' || c == '+') && token.length() > 1;
    if (Character.isDigit(signed ? token.charAt(1) : c)) {
      return readNumber(token, start);
    }
    return switch (token) {
      case "nil" -> null;
      case "true" -> true;
      case "false" -> false;
      default -> token;
    };
  }

  private static Object readNumber(String token, int start) throws EdnException {
    try {
      if (token.endsWith("M")) {
        return new BigDecimal(token.substring(0, token.length() - 1)).doubleValue();
      }
      if (token.indexOf('.') >= 0 || token.indexOf('e') >= 0 || token.indexOf('E') >= 0) {
        return Double.parseDouble(token);
      }
      int slash = token.indexOf('/');
      if (slash > 0) {
        return Double.parseDouble(token.substring(0, slash))
            / Double.parseDouble(token.substring(slash + 1));
      }
      String digits = token.endsWith("N") ? token.substring(0, token.length() - 1) : token;
      if (digits.length() < 18) {
        return Long.parseLong(digits);
      }
      BigInteger big = new BigInteger(digits);
      if (big.bitLength() < Long.SIZE) {
        return big.longValue();
      }
      return big;
    } catch (NumberFormatException e) {
      throw new EdnException("'" + token + "' is not a number", start, false);
    }
  }

  private EdnException error(String message) {
    return new EdnException(message, at, false);
  }
}
