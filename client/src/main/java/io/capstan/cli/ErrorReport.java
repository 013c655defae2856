package io.capstan.cli;

import io.capstan.client.CapstanException;
import io.capstan.client.ErrorCode;
import io.capstan.client.Outcome;
import io.capstan.client.Receipt;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Tells people what went wrong: what happened, why in terms of the CAP theorem, and what to do
 * next. On standard error; as JSON where JSON was asked for.
 */
final class ErrorReport implements IParameterExceptionHandler, IExecutionExceptionHandler {
  private static final String NAME = "capstan: ";
  private static final int SUGGESTIONS_MAX = 3;

  private final Streams streams;
  private final boolean asJson;

  /**
   * @param arguments as they were typed: where they cannot be parsed, they still tell whether
   *     whoever typed them reads JSON
   */
  ErrorReport(Streams streams, List<String> arguments) {
    this.streams = streams;
    this.asJson = asksForJson(arguments);
  }

  private static boolean asksForJson(List<String> arguments) {
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      boolean named = argument.equals("-o") || argument.equals("--output");
      if (named && i + 1 < arguments.size() && arguments.get(i + 1).equalsIgnoreCase("json")) {
        return true;
      }
      if (List.of("-ojson", "-o=json", "--output=json").contains(argument)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public int handleParseException(ParameterException parseError, String[] arguments) {
    ParameterException error = unknownOption(parseError);
    String command = error.getCommandLine().getCommandSpec().qualifiedName();
    String hint = "See: " + command + " --help";
    String message = String.valueOf(error.getMessage());
    if (error instanceof UnmatchedArgumentException unmatched) {
      List<String> suggestions = unmatched.getSuggestions();
      if (!suggestions.isEmpty()) {
        hint =
            suggestions.stream()
                    .limit(SUGGESTIONS_MAX)
                    .collect(Collectors.joining(" or ", "Did you mean ", "? "))
                + hint;
      }
    }
    usage(message, hint);
    return ExitCode.USAGE;
  }

  /** An option that is misspelt takes a value along, which then seems to be missing elsewhere. */
  private static ParameterException unknownOption(ParameterException error) {
    CommandLine command = error.getCommandLine();
    List<String> unknown =
        error instanceof MissingParameterException ? command.getUnmatchedArguments() : List.of();
    return unknown.stream().anyMatch(each -> each.startsWith("-"))
        ? new UnmatchedArgumentException(command, unknown)
        : error;
  }

  private void usage(String message, String hint) {
    if (asJson) {
      streams.err().println(Json.error("USAGE", message, "failed", hint, null));
    } else {
      streams.err().println(NAME + message + "\n" + hint);
    }
    streams.err().flush();
  }

  @Override
  public int handleExecutionException(
      Exception error, CommandLine commandLine, ParseResult parsed) {
    if (error instanceof ParameterException parameter) {
      return handleParseException(parameter, new String[0]);
    }
    streams.out().flush();
    if (error instanceof CapstanException refused) {
      return report(refused);
    }
    return unexpected(error);
  }

  int report(CapstanException error) {
    CapstanException told = explained(error);
    if (asJson) {
      streams.err().println(Json.error(told));
    } else {
      Text.Colour colour = told.outcome() == Outcome.UNKNOWN ? Text.Colour.YELLOW : Text.Colour.RED;
      String outcome = told.outcome() == Outcome.UNKNOWN ? "UNKNOWN" : "FAILED";
      streams
          .err()
          .println(
              NAME
                  + Text.colour(streams, colour, outcome)
                  + "  "
                  + told.getMessage()
                  + (told.hint().isEmpty() ? "" : "\n" + told.hint()));
    }
    streams.err().flush();
    return ExitCode.of(error);
  }

  private int unexpected(Exception error) {
    String message = error.getMessage() == null ? error.toString() : error.getMessage();
    String hint = "Set CAPSTAN_DEBUG=1 to see where it comes from.";
    if (asJson) {
      streams.err().println(Json.error("ERROR", message, "failed", hint, null));
    } else {
      streams.err().println(NAME + message + "\n" + hint);
    }
    if (!streams.variable("CAPSTAN_DEBUG", "").isEmpty()) {
      error.printStackTrace(streams.err());
    }
    streams.err().flush();
    return ExitCode.ERROR;
  }

  /**
   * Adds the reason in terms of the CAP theorem, and the next command where the node named none.
   */
  private static CapstanException explained(CapstanException error) {
    String message = sentence(String.valueOf(error.getMessage())) + reason(error);
    String hint = error.hint().isEmpty() ? nextCommand(error) : error.hint();
    return new CapstanException(error.code(), error.outcome(), message, hint, error.receipt());
  }

  private static String sentence(String message) {
    boolean ended = message.isEmpty() || ".!?".indexOf(message.charAt(message.length() - 1)) >= 0;
    return ended ? message : message + ".";
  }

  private static String reason(CapstanException error) {
    if (error.outcome() == Outcome.UNKNOWN) {
      return " From here a lost request and a lost answer look the same, so this is neither a"
          + " success nor a failure.";
    }
    return switch (error.code()) {
      case ErrorCode.NO_QUORUM, ErrorCode.NO_LEADER, ErrorCode.TIMEOUT ->
          nothingApplied(error) + sideTaken(error);
      case ErrorCode.OVERLOADED -> nothingApplied(error);
      default -> "";
    };
  }

  private static String nothingApplied(CapstanException error) {
    // Many errors say so themselves: nothing was written, read, begun.
    String said = String.valueOf(error.getMessage()).toLowerCase(Locale.ROOT);
    return said.contains("nothing was ") ? "" : " Nothing was applied.";
  }

  private static String sideTaken(CapstanException error) {
    Receipt receipt = error.receipt();
    if (receipt == null || receipt.mode() == null) {
      return "";
    }
    return switch (receipt.mode()) {
      case CP -> " A CP keyspace refuses rather than let its copies diverge.";
      case AP -> " Level one would accept it on any node that runs.";
    };
  }

  private static String nextCommand(CapstanException error) {
    if (error.outcome() == Outcome.UNKNOWN) {
      return "Read it back before you write again: capstan get KEY";
    }
    return switch (error.code()) {
      case ErrorCode.UNREACHABLE ->
          "Start nodes here with: capstan cluster start   or name others: --endpoints HOST:PORT";
      case ErrorCode.UNKNOWN_KEYSPACE -> "See which there are: capstan keyspace list";
      case ErrorCode.SIBLINGS -> "See all of them: capstan get KEY --all-siblings";
      case ErrorCode.CONFLICT -> "Read the current version: capstan get KEY -o json";
      case ErrorCode.WRONG_LEVEL, ErrorCode.WRONG_MODE -> "See its mode: capstan mode get";
      case ErrorCode.NO_QUORUM, ErrorCode.NO_LEADER, ErrorCode.TIMEOUT, ErrorCode.CONNECTION_LOST ->
          "See which nodes answer: capstan status";
      default -> "";
    };
  }
}
