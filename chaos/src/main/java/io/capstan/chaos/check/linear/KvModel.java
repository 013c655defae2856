package io.capstan.chaos.check.linear;

import org.jspecify.annotations.Nullable;

/**
 * One key of a string store: {@code get -> s}, {@code put s}, {@code append s}; a key that was
 * never put holds the empty string. Histories of many keys are searched key by key.
 */
public final class KvModel implements Model<String> {
  /** No history holds it: U+FFFF is no character. */
  private static final String OUTGROWN = "\uffff";

  private static final int SHOWN_MAX_CHARACTERS = 200;

  private final String initialText;

  /**
   * A store whose keys hold this at first.
   *
   * @param initialValue null is the empty string
   */
  public KvModel(@Nullable Object initialValue) {
    this.initialText = text(initialValue);
  }

  private static String text(@Nullable Object value) {
    return value == null ? "" : String.valueOf(value);
  }

  @Override
  public String name() {
    return "kv";
  }

  @Override
  public String initial() {
    return initialText;
  }

  @Override
  public @Nullable Object initialValue() {
    return initialText;
  }

  @Override
  public @Nullable String step(String state, Call call) {
    return switch (call.f()) {
      case "get", "read" -> !call.answered() || text(call.output()).equals(state) ? state : null;
      case "put", "write" -> text(call.input());
      case "append" -> state.equals(OUTGROWN) ? OUTGROWN : state + text(call.input());
      case "delete" -> "";
      default ->
          throw new UnsupportedCallException(name(), call, "get, put s, append s and delete");
    };
  }

  @Override
  public boolean isReadOnly(Call call) {
    return call.f().equals("get") || call.f().equals("read");
  }

  @Override
  public boolean isUnconditional(Call call) {
    return !isReadOnly(call);
  }

  @Override
  public boolean isBlind(Call call) {
    return !isReadOnly(call) && !isGrowing(call);
  }

  @Override
  public boolean isGrowing(Call call) {
    return call.f().equals("append");
  }

  @Override
  public boolean mayGrowInto(String state, Call read) {
    return text(read.output()).startsWith(state);
  }

  @Override
  public String outgrown() {
    return OUTGROWN;
  }

  @Override
  public boolean canObserve(Call observer, Call effect) {
    if (!isReadOnly(observer)) {
      return false;
    }
    String seen = text(observer.output());
    return switch (effect.f()) {
      case "put", "write" -> seen.startsWith(text(effect.input()));
      case "append" -> seen.contains(text(effect.input()));
      default -> true;
    };
  }

  @Override
  public @Nullable Footprint footprint(Call call) {
    return switch (call.f()) {
      case "get", "read" ->
          call.answered() ? Footprint.reading(text(call.output())) : Footprint.none();
      case "put", "write" -> Footprint.writing(text(call.input()));
      case "delete" -> Footprint.writing("");
      default -> null;
    };
  }

  @Override
  public long sizeBytes(String state) {
    return 56L + state.length();
  }

  @Override
  public String show(String state) {
    if (state.equals(OUTGROWN)) {
      return "something that was overwritten unread";
    }
    return state.length() <= SHOWN_MAX_CHARACTERS
        ? "\"" + state + "\""
        : "\"..." + state.substring(state.length() - SHOWN_MAX_CHARACTERS) + "\"";
  }
}
