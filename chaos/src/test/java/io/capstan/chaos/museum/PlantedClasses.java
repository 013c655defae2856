package io.capstan.chaos.museum;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/**
 * Loads the node and the simulator anew, with some classes compiled from patched sources. Nothing
 * is written to a disk, and the classes of the test itself stay as they are.
 */
final class PlantedClasses extends ClassLoader {
  private static final List<String> LOADED_ANEW =
      List.of("io.capstan.node.", "io.capstan.chaos.sim.");

  private final Map<String, byte[]> planted;

  private PlantedClasses(Map<String, byte[]> planted) {
    super(PlantedClasses.class.getClassLoader());
    this.planted = planted;
  }

  /**
   * Plants a defect.
   *
   * @throws IllegalStateException where a patch does not apply any more, or does not compile
   */
  static ClassLoader with(List<Defect.Patch> patches) throws IOException {
    Map<String, String> sources = new LinkedHashMap<>();
    for (Defect.Patch patch : patches) {
      String module = patch.type().startsWith("chaos.") ? "" : "node.";
      String type = "io.capstan." + module + patch.type();
      String source = sources.containsKey(type) ? sources.get(type) : sourceOf(type);
      sources.put(type, patched(type, source, patch));
    }
    return new PlantedClasses(compile(sources));
  }

  private static String patched(String type, String source, Defect.Patch patch) {
    int at = source.indexOf(patch.before());
    if (at < 0 || source.indexOf(patch.before(), at + 1) >= 0) {
      throw new IllegalStateException(
          "the defect does not apply any more: "
              + type
              + " must hold exactly once: "
              + patch.before());
    }
    return source.substring(0, at) + patch.after() + source.substring(at + patch.before().length());
  }

  private static String sourceOf(String type) throws IOException {
    String module = type.startsWith("io.capstan.chaos.") ? "chaos" : "node";
    Path below = Path.of(module, "src", "main", "java").resolve(type.replace('.', '/') + ".java");
    for (Path folder : List.of(Path.of(".."), Path.of("."))) {
      if (Files.exists(folder.resolve(below))) {
        return Files.readString(folder.resolve(below));
      }
    }
    throw new IllegalStateException("there is no source " + below);
  }

  // ---- compiling ----

  private static Map<String, byte[]> compile(Map<String, String> sources) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    Map<String, ByteArrayOutputStream> compiled = new HashMap<>();
    List<JavaFileObject> units = new ArrayList<>();
    sources.forEach((type, source) -> units.add(new SourceText(type, source)));
    StringWriter complaints = new StringWriter();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
      boolean done =
          compiler
              .getTask(
                  complaints,
                  new ToMemory(files, compiled),
                  null,
                  List.of("-nowarn", "-proc:none", "-cp", System.getProperty("java.class.path")),
                  null,
                  units)
              .call();
      if (!done) {
        throw new IllegalStateException("the defect does not compile any more: " + complaints);
      }
    }
    Map<String, byte[]> classes = new HashMap<>();
    compiled.forEach((name, bytes) -> classes.put(name, bytes.toByteArray()));
    return classes;
  }

  private static final class SourceText extends SimpleJavaFileObject {
    private final String text;

    SourceText(String type, String text) {
      super(URI.create("string:///" + type.replace('.', '/') + ".java"), Kind.SOURCE);
      this.text = text;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return text;
    }
  }

  private static final class ToMemory extends ForwardingJavaFileManager<JavaFileManager> {
    private final Map<String, ByteArrayOutputStream> compiled;

    ToMemory(JavaFileManager files, Map<String, ByteArrayOutputStream> compiled) {
      super(files);
      this.compiled = compiled;
    }

    @Override
    public JavaFileObject getJavaFileForOutput(
        Location location, String type, JavaFileObject.Kind kind, @Nullable FileObject sibling) {
      if (location != StandardLocation.CLASS_OUTPUT) {
        throw new IllegalArgumentException("only classes are written, not " + location);
      }
      return new SimpleJavaFileObject(URI.create("mem:///" + type), kind) {
        @Override
        public OutputStream openOutputStream() {
          ByteArrayOutputStream bytes = new ByteArrayOutputStream();
          compiled.put(type, bytes);
          return bytes;
        }
      };
    }
  }

  // ---- loading ----

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (LOADED_ANEW.stream().noneMatch(name::startsWith)) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      if (loaded == null) {
        byte[] bytes = bytesOf(name);
        loaded = defineClass(name, bytes, 0, bytes.length);
      }
      if (resolve) {
        resolveClass(loaded);
      }
      return loaded;
    }
  }

  private byte[] bytesOf(String name) throws ClassNotFoundException {
    byte[] bytes = planted.get(name);
    if (bytes != null) {
      return bytes;
    }
    try (InputStream file = getResourceAsStream(name.replace('.', '/') + ".class")) {
      if (file == null) {
        throw new ClassNotFoundException(name);
      }
      return file.readAllBytes();
    } catch (IOException e) {
      throw new ClassNotFoundException(name, e);
    }
  }
}
