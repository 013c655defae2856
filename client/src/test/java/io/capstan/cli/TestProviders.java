package io.capstan.cli;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Subcommands as other modules contribute them: one that works and some that do not. */
public final class TestProviders {
  private TestProviders() {}

  /** Makes the providers below visible to this thread until it is closed. */
  static final class OnClassPath implements AutoCloseable {
    private final ClassLoader before = Thread.currentThread().getContextClassLoader();
    private final URLClassLoader loader;

    OnClassPath(Path folder) throws IOException {
      Path services = Files.createDirectories(folder.resolve("META-INF/services"));
      Files.write(
          services.resolve(SubcommandProvider.class.getName()),
          List.of(Worse.class.getName(), Broken.class.getName(), Hello.class.getName()));
      loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, before);
      Thread.currentThread().setContextClassLoader(loader);
    }

    @Override
    public void close() throws IOException {
      Thread.currentThread().setContextClassLoader(before);
      loader.close();
    }
  }

  public static final class Hello implements SubcommandProvider {
    @Override
    public String name() {
      return "hello-from-test";
    }

    @Override
    public Object command() {
      return new HelloCommand();
    }
  }

  @Command(name = "hello-from-test", description = "Says hello.")
  static final class HelloCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Option(names = "--fail")
    private boolean fail;

    @Option(names = "--timeout", defaultValue = "its own")
    private String timeout;

    @Override
    public Integer call() {
      if (fail) {
        throw new IllegalStateException("it broke");
      }
      GlobalOptions options = GlobalOptions.of(spec);
      options
          .streams()
          .out()
          .print("hello " + options.keyspace() + " " + timeout + " " + options.output() + "\n");
      return ExitCode.CLAIM_VIOLATED;
    }
  }

  /** Its command cannot be made. */
  public static final class Broken implements SubcommandProvider {
    @Override
    public String name() {
      return "broken-in-test";
    }

    @Override
    public Object command() {
      throw new NoClassDefFoundError("some/Library");
    }
  }

  /** Cannot even be constructed. */
  public static final class Worse implements SubcommandProvider {
    public Worse() {
      throw new IllegalStateException("no");
    }

    @Override
    public Object command() {
      throw new AssertionError("cannot be reached");
    }
  }
}
