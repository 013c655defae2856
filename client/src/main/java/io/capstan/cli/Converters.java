package io.capstan.cli;

import io.capstan.client.ConflictPolicy;
import io.capstan.client.Level;
import io.capstan.client.Mode;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** How values on the command line are read; a wrong one names what is allowed. */
public final class Converters {
  private Converters() {}

  /** {@code 500ms}, {@code 5s}, {@code 1m}, {@code 2h}; always positive. */
  public static final class DurationConverter implements ITypeConverter<Duration> {
    private static final Pattern FORM = Pattern.compile("(\\d{1,9})(ms|s|m|h)");

    @Override
    public Duration convert(String value) {
      Matcher matcher = FORM.matcher(value);
      if (!matcher.matches()) {
        throw wrong(value);
      }
      long amount = Long.parseLong(matcher.group(1));
      if (amount == 0) {
        throw wrong(value);
      }
      return switch (matcher.group(2)) {
        case "ms" -> Duration.ofMillis(amount);
        case "s" -> Duration.ofSeconds(amount);
        case "m" -> Duration.ofMinutes(amount);
        default -> Duration.ofHours(amount);
      };
    }

    private static TypeConversionException wrong(String value) {
      return new TypeConversionException(
          "'" + value + "' is not a duration; write 500ms, 5s, 1m or 2h");
    }
  }

  /** A duration, or 0s for none at all. */
  static final class WaitConverter implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String value) {
      return value.equals("0") || value.equals("0s")
          ? Duration.ZERO
          : new DurationConverter().convert(value);
    }
  }

  static final class OutputFormatConverter implements ITypeConverter<OutputFormat> {
    @Override
    public OutputFormat convert(String value) {
      return choose(value, OutputFormat.values(), Streams::lower);
    }
  }

  static final class LevelConverter implements ITypeConverter<Level> {
    @Override
    public Level convert(String value) {
      return choose(value, Level.values(), Level::label);
    }
  }

  static final class ModeConverter implements ITypeConverter<Mode> {
    @Override
    public Mode convert(String value) {
      return choose(value, Mode.values(), Mode::label);
    }
  }

  static final class ConflictPolicyConverter implements ITypeConverter<ConflictPolicy> {
    @Override
    public ConflictPolicy convert(String value) {
      return choose(value, ConflictPolicy.values(), ConflictPolicy::label);
    }
  }

  private static <T> T choose(String value, T[] all, Function<T, String> label) {
    String wanted = value.toLowerCase(Locale.ROOT);
    return Stream.of(all)
        .filter(each -> label.apply(each).equals(wanted))
        .findFirst()
        .orElseThrow(
            () ->
                new TypeConversionException(
                    "'"
                        + value
                        + "' is not one of "
                        + Stream.of(all).map(label).collect(Collectors.joining(", "))));
  }
}
